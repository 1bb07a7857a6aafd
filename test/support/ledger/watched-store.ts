import type { LedgerStore, TenantLedger } from '../../../src/ledger/store.js';

const PARTS = ['write', 'atomes', 'alterations', 'audit'] as const;
type Part = (typeof PARTS)[number];

/** Of the store, or of a part of a ledger. */
type Method =
  Exclude<keyof LedgerStore, 'kind' | 'ledger'> | { [P in Part]: `${P}.${keyof TenantLedger[P] & string}` }[Part];

/** A store that tells of every call, and that a spec can hold or fail. */
export class WatchedStore {
  readonly store: LedgerStore;
  /** The methods that were called, in order. */
  readonly calls: Method[] = [];
  /** What each call answered, by method. */
  readonly answers = new Map<Method, unknown[]>();
  /** Runs before each call; the call waits for it, and fails with what it throws. */
  before: (method: Method) => Promise<void> | void = () => undefined;
  /** Runs after each call, before its answer is handed over. */
  after: (method: Method) => Promise<void> | void = () => undefined;

  constructor(store: LedgerStore) {
    this.store = this.watched(store, '');
  }

  count(method: Method): number {
    return this.calls.filter((call) => call === method).length;
  }

  private watched<T extends object>(target: T, path: string): T {
    return new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (PARTS.includes(name as Part)) return this.watched(member as object, `${String(name)}.`);
        if (typeof member !== 'function') return member;
        if (name === 'ledger') return (tenant: string) => this.watched((target as LedgerStore).ledger(tenant), '');
        return (...args: unknown[]) =>
          this.call(`${path}${String(name)}` as Method, () => Reflect.apply(member, target, args));
      },
    });
  }

  private async call(method: Method, run: () => unknown): Promise<unknown> {
    this.calls.push(method);
    await this.before(method);
    const answer = await run();
    await this.after(method);
    this.answers.set(method, [...(this.answers.get(method) ?? []), answer]);
    return answer;
  }
}
