import type { Committed } from '../ledger/outcome.js';
import type { AtomeHeader } from '../protocol/index.js';
import { eventOf } from '../feed/entry.js';
import type { ResolvedConsumer, TenantEvent } from './consumer-options.js';
import type { ConsumerStore, Failure } from './consumer.store.js';
import { EventDelivery } from './delivery.js';
import type { HostTransactions } from './host-transactions.js';

/** What consumers share. */
export interface ConsumerParts {
  readonly store: ConsumerStore;
  readonly transactions: Pick<HostTransactions, 'run'>;
  /** The next alterations of a ledger behind a seq, a page of them; `seq` reads at least that of the next. */
  readonly page: (tenant: string, after: number, upTo?: number) => Promise<Committed[]>;
  readonly now: () => number;
  /** See {@link LEASE_MS}. */
  readonly leaseMs: number;
  /** Told of what recurs: a cause, and a line. */
  readonly warn: (cause: string, line: string) => void;
  readonly onError: (error: unknown) => void;
}

/** How long a process has a consumer unless it says that it is still there, in milliseconds. */
export const LEASE_MS = 5_000;
/** What is left of it when it says so. */
const RENEW_AT = 0.6;
/** Tenants of one consumer that are told at once. */
const TENANTS_AT_ONCE = 4;
/** After so long another tenant has its turn, in milliseconds. */
const TURN_MS = 1_000;
/** A handler that takes longer is worth a word, in milliseconds. */
const LONG_MS = 60_000;
/** The pause before an attempt that is the only one, and has not begun, in milliseconds. */
const LATER_MS = 1_000;
/** What is kept of an error, in characters. */
const ERROR_CHARS = 2_000;

/** Runs one durable consumer while this process has its lease: one event after the other for each tenant. */
export class Consumer {
  private readonly ready = new Set<string>();
  /** Tenants that are being told, since when, and whether there is more since. */
  private readonly running = new Map<string, { since: number; again: boolean; readonly done: Promise<void> }>();
  private leaseEnd = 0;
  private isRegistered = false;
  private isStopped = false;
  private ended = new AbortController();

  constructor(
    private readonly options: ResolvedConsumer,
    private readonly parts: ConsumerParts,
  ) {}

  /** Whether a commit is about what this consumer wants to know. */
  takes({ atome, before, current, erased }: Committed): boolean {
    return this.isAmong(erased && current ? current : atome) || (before !== null && this.isAmong(before));
  }

  /** Takes or keeps the lease, and looks for what other processes have committed. */
  async look(): Promise<void> {
    const { store, now, warn, leaseMs } = this.parts;
    const { name, fromStart } = this.options;
    if (!this.isRegistered) await store.register(name, fromStart);
    this.isRegistered = true;
    if (this.isStopped) return;
    // by the clock from before: the lease ends sooner here than in the database
    const asked = now();
    if (this.leaseEnd - asked < leaseMs * RENEW_AT) {
      const isMine = await store.lease(name, leaseMs);
      if (isMine) this.leaseEnd = asked + leaseMs;
      else this.lose();
    }
    if (!this.isMine) return;
    for (const tenant of await store.pending(name)) this.wake(tenant);
    const late = [...this.running].find(([, { since }]) => now() - since > LONG_MS);
    if (late) warn(`late ${name}`, `the consumer ${name} is with one event of "${late[0]}" for more than a minute`);
  }

  /** There may be more in the ledger of a tenant. */
  wake(tenant: string): void {
    if (!this.isMine) return;
    const running = this.running.get(tenant);
    if (running) running.again = true;
    else this.ready.add(tenant);
    this.next();
  }

  /** Begins nothing new, for good: a look under way may have the lease yet. */
  stop(): void {
    this.isStopped = true;
    this.ready.clear();
  }

  /** Resolves when no handler is under way, once it was stopped. */
  async settled(): Promise<void> {
    await Promise.all([...this.running.values()].map(({ done }) => done));
  }

  /** To be called once it is settled, or was waited for in vain. @returns how many handlers are still under way. */
  async release(): Promise<number> {
    this.lose();
    if (this.isRegistered) await this.parts.store.release(this.options.name);
    return this.running.size;
  }

  private get isMine(): boolean {
    return !this.isStopped && this.parts.now() < this.leaseEnd;
  }

  /** The lease is another's, or may be: nothing is begun before it is asked for again. */
  private lose(): false {
    this.leaseEnd = 0;
    this.ready.clear();
    this.ended.abort();
    this.ended = new AbortController();
    return false;
  }

  private isAmong({ kind, type }: Pick<AtomeHeader, 'kind' | 'type'>): boolean {
    const { kinds, types } = this.options;
    return (!kinds || kinds.has(kind)) && (!types || (type !== null && types.has(type)));
  }

  private next(): void {
    for (const tenant of this.ready) {
      if (this.running.size >= TENANTS_AT_ONCE) return;
      this.ready.delete(tenant);
      const done = this.tell(tenant).catch(this.parts.onError);
      const running = { since: this.parts.now(), again: false, done };
      this.running.set(tenant, running);
      void done.then(() => {
        this.running.delete(tenant);
        if (running.again && this.isMine) this.ready.add(tenant);
        this.next();
      });
    }
  }

  /** A page of a tenant's ledger, so that another tenant has its turn then. */
  private async tell(tenant: string): Promise<void> {
    const { name } = this.options;
    const { store, page, now } = this.parts;
    const { seq, attempts, isWaiting, hasDue } = await store.cursor(name, tenant);
    if (hasDue === 1) await this.retryDue(tenant);
    if (isWaiting === 1) return;
    const state = { from: seq, attempts };
    const began = now();
    let seen = seq;
    for (const committed of await page(tenant, seq)) {
      if (!this.isMine) break;
      if (this.takes(committed) && !(await this.handle(tenant, committed, state))) return;
      seen = committed.alteration.seq;
      if (now() - began > TURN_MS) break;
    }
    if (seen > state.from && this.isMine) await store.run(store.moving(name, { tenant, seq: seen }, state.from));
    const running = this.running.get(tenant);
    if (running && seen > seq) running.again = true;
  }

  /** @returns whether the next event may be told. */
  private async handle(
    tenant: string,
    committed: Committed,
    state: { from: number; attempts: number },
  ): Promise<boolean> {
    const { name, pauseAfter } = this.options;
    const { store } = this.parts;
    const { seq } = committed.alteration;
    const moving = store.moving(name, { tenant, seq }, state.from);
    const failure = await this.deliver(tenant, committed, state.attempts + 1, moving);
    if (failure === 'lost') return this.lose();
    if (failure) {
      const pauseMs = failure.isOurs ? (pauseAfter(1) ?? LATER_MS) : pauseAfter(failure.attempts);
      if (pauseMs !== undefined) {
        await store.postpone(name, state.from, failure, pauseMs);
        return false;
      }
      if (!(await store.bury(name, state.from, failure))) return false;
    }
    state.from = seq;
    state.attempts = 0;
    return true;
  }

  /** @returns undefined where it is handled, and that is in the database; `lost` where that is no longer ours to say. */
  private async deliver(
    tenant: string,
    committed: Committed,
    attempt: number,
    handled: ReturnType<ConsumerStore['moving']>,
  ): Promise<(Failure & { readonly isOurs?: true }) | 'lost' | undefined> {
    const { name, call } = this.options;
    const { store, transactions, now, warn } = this.parts;
    const { seq, atomeId } = committed.alteration;
    const running = this.running.get(tenant);
    if (running) running.since = now();
    const about = { key: committed.hash, attempt, signal: this.ended.signal };
    const delivery = new EventDelivery(about, transactions, handled);
    const failed = await delivery.to(call, eventFor(tenant, committed));
    if (delivery.isOvertaken) return 'lost';
    if (delivery.notBegun) {
      const { message: error } = delivery.notBegun;
      warn(`not begun ${name}`, `the consumer ${name} waits at seq ${seq} of "${tenant}": ${error}`);
      return { tenant, seq, atomeId, attempts: attempt - 1, error: wordsOf(error), isOurs: true };
    }
    if (failed) {
      const text = wordsOf(failed.error);
      const what = delivery.isCommitted ? 'failed behind its transaction' : `failed (attempt ${attempt})`;
      warn(`failed ${name}`, `the consumer ${name} ${what} at seq ${seq} of "${tenant}": ${text}`);
      if (!delivery.isCommitted) return { tenant, seq, atomeId, attempts: attempt, error: text };
    }
    if (delivery.isCommitted) return undefined;
    return (await store.run(handled)) ? undefined : 'lost';
  }

  /** Dead letters that somebody wants to be tried again: each once. */
  private async retryDue(tenant: string): Promise<void> {
    const { store, page } = this.parts;
    const { name } = this.options;
    for (const { seq, attempts } of await store.due(name, tenant)) {
      if (!this.isMine) return;
      const [committed] = await page(tenant, seq - 1, seq);
      if (!committed) continue;
      const failure = await this.deliver(tenant, committed, attempts + 1, store.settling(name, { tenant, seq }));
      if (failure !== 'lost' && failure?.isOurs) return;
      // somebody has skipped it meanwhile, or the lease is another's, which the next look tells
      if (failure && failure !== 'lost') await store.rebury(name, failure);
    }
  }
}

/** Of an alteration whose payload has been erased, that is all there is to tell. */
function eventFor(tenant: string, committed: Committed): TenantEvent {
  if (!committed.erased) return { tenant, ...eventOf(committed) };
  const { seq, timestamp, sourceClient, opId, atomeId } = committed.alteration;
  return { tenant, type: 'atome:deleted', atomeId, redacted: true, sourceClient, timestamp, seq, opId };
}

function wordsOf(error: unknown): string {
  let text: string;
  try {
    text = String(error);
  } catch {
    text = 'something that is no text';
  }
  // PostgreSQL has no text with this character
  return text.replaceAll('\0', ' ').slice(0, ERROR_CHARS);
}
