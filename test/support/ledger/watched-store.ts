import type { LedgerStore, TenantLedger } from '../../../src/ledger/store.js';

const PARTS = ['write', 'atomes', 'queries', 'alterations', 'audit'] as const;
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
  /** Runs before each call, of the store itself in no tenant; the call waits for it, and fails with what it throws. */
  before: (method: Method, tenant: string) => Promise<void> | void = () => undefined;
  /** Runs after each call, before its answer is handed over. */
  after: (method: Method, tenant: string) => Promise<void> | void = () => undefined;

  constructor(store: LedgerStore) {
    this.store = this.watched(store, '', '');
  }

  count(method: Method): number {
    return this.calls.filter((call) => call === method).length;
  }

  private watched<T extends object>(target: T, path: string, of: string): T {
    return new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (PARTS.includes(name as Part)) return this.watched(member as object, `${String(name)}.`, of);
        if (typeof member !== 'function') return member;
        if (name === 'ledger')
          return (tenant: string) => this.watched((target as LedgerStore).ledger(tenant), '', tenant);
        return (...args: unknown[]) =>
          this.call(`${path}${String(name)}` as Method, of, () => Reflect.apply(member, target, args));
      },
    });
  }

  private async call(method: Method, tenant: string, run: () => unknown): Promise<unknown> {
    this.calls.push(method);
    await this.before(method, tenant);
    const answer = await run();
    await this.after(method, tenant);
    this.answers.set(method, [...(this.answers.get(method) ?? []), answer]);
    return answer;
  }
}
