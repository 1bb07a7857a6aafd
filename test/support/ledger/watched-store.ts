import type { LedgerStore } from '../../../src/ledger/store.js';

type Method = Exclude<keyof LedgerStore, 'kind'>;

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
    this.store = new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => this.call(target, name as Method, member, args);
      },
    });
  }

  count(method: Method): number {
    return this.calls.filter((call) => call === method).length;
  }

  private async call(target: LedgerStore, method: Method, member: unknown, args: unknown[]): Promise<unknown> {
    this.calls.push(method);
    await this.before(method);
    const answer = await (member as (...args: unknown[]) => Promise<unknown>).apply(target, args);
    await this.after(method);
    this.answers.set(method, [...(this.answers.get(method) ?? []), answer]);
    return answer;
  }
}
