import type { Statement } from '../database/tables.js';
import type { Committed } from '../ledger/outcome.js';
import { traced } from '../ledger/traces.js';
import type { ConsumerStore, Failure } from './consumer.store.js';
import { EventDelivery } from './delivery.js';
import { NotBegun, type HostTransactions } from './host-transactions.js';
import { wordsOf } from './error-text.js';
import { eventFor } from './event-for.js';
import type { CursorRow, Lane, LaneName, Lanes } from './lane.js';

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
/** After so long another lane has its turn, in milliseconds. */
const TURN_MS = 1_000;
/** A handler that takes longer is worth a word, in milliseconds. */
const LONG_MS = 60_000;
/** The pause before an attempt that is the only one, and has not begun, in milliseconds. */
const LATER_MS = 1_000;

/** An attempt that has failed. */
interface Failed {
  readonly attempts: number;
  readonly error: unknown;
  /** It has not begun, which is not the doing of the handler. */
  readonly isOurs?: true;
}

interface Running {
  readonly tenant: string;
  since: number;
  /** Whether there is more since. */
  again: boolean;
  readonly done: Promise<void>;
}

/** Runs the lanes of a consumer while this process has their lease: one event after the other on each. */
export class Consumer {
  private readonly ready = new Map<string, LaneName>();
  private readonly running = new Map<string, Running>();
  private leaseEnd = 0;
  private isRegistered = false;
  private isStopped = false;
  private ended = new AbortController();

  constructor(
    private readonly lanes: Lanes,
    private readonly parts: ConsumerParts,
  ) {}

  /** Takes or keeps the lease, and looks for what other processes have committed. */
  async look(): Promise<void> {
    const { now, warn, leaseMs } = this.parts;
    const { lanes } = this;
    if (!this.isRegistered) await lanes.register();
    this.isRegistered = true;
    if (this.isStopped) return;
    if (this.leaseEnd - now() < leaseMs * RENEW_AT) await this.keepLease();
    if (!this.isMine) return;
    for (const name of await lanes.pending()) this.wake(name);
    const late = [...this.running.values()].find(({ since }) => now() - since > LONG_MS);
    if (late) {
      const what = `the consumer ${lanes.name} is with one event of "${late.tenant}" for more than a minute`;
      warn(`late ${lanes.name}`, what);
    }
  }

  /** There is something new in the ledger of a tenant. */
  hear(tenant: string, committed: readonly Committed[]): void {
    for (const name of this.lanes.concerned(tenant, committed)) this.wake(name);
  }

  /** There may be something to do on a lane. */
  wake(name: LaneName): void {
    if (!this.isMine) return;
    const key = keyOf(name);
    const running = this.running.get(key);
    if (running) running.again = true;
    else this.ready.set(key, name);
    this.next();
  }

  /** Begins nothing new, for good: a look under way may have the lease yet. */
  stop(): void {
    this.isStopped = true;
    this.ready.clear();
    const { graceMs } = this.lanes;
    if (graceMs !== undefined && this.running.size > 0) setTimeout(() => this.ended.abort(), graceMs).unref();
  }

  /** Resolves when no handler is under way, once it was stopped. */
  async settled(): Promise<void> {
    await Promise.all([...this.running.values()].map(({ done }) => done));
  }

  /** To be called once it is settled, or was waited for in vain. @returns how many handlers are still under way. */
  async release(): Promise<number> {
    this.lose();
    if (this.isRegistered) await this.parts.store.release(this.lanes.name);
    return this.running.size;
  }

  private get isMine(): boolean {
    return !this.isStopped && this.parts.now() < this.leaseEnd;
  }

  private async keepLease(): Promise<void> {
    const { store, now, leaseMs } = this.parts;
    // by the clock from before: the lease ends sooner here than in the database
    const asked = now();
    if (await store.lease(this.lanes.name, leaseMs)) this.leaseEnd = asked + leaseMs;
    else this.lose();
  }

  /** The lease is another's: nothing is begun before it is asked for again. */
  private lose(): void {
    this.leaseEnd = 0;
    this.ready.clear();
    this.ended.abort();
    this.ended = new AbortController();
  }

  private next(): void {
    const { atOnce } = this.lanes;
    for (const [key, name] of this.ready) {
      if (this.running.size >= atOnce) return;
      if (this.countOf(name.tenant) >= atOnce / 4) continue;
      this.ready.delete(key);
      const done = this.tell(name).catch(this.parts.onError);
      const running = { tenant: name.tenant, since: this.parts.now(), again: false, done };
      this.running.set(key, running);
      void done.then(() => {
        this.running.delete(key);
        if (running.again && this.isMine) this.ready.set(key, name);
        this.next();
      });
    }
  }

  private countOf(tenant: string): number {
    let count = 0;
    for (const running of this.running.values()) if (running.tenant === tenant) count += 1;
    return count;
  }

  /** undefined where there is nothing to tell. */
  private async stateOf(name: LaneName): Promise<(CursorRow & { readonly lane: Lane }) | undefined> {
    const lane = await this.lanes.lane(name);
    const cursor = lane && ((await this.parts.store.cursor(name)) ?? (await this.lanes.begin(name)));
    return lane && cursor && { ...cursor, lane };
  }

  /** A page of a tenant's ledger, so that another lane has its turn then. */
  private async tell(name: LaneName): Promise<void> {
    const { store, page, now } = this.parts;
    let found = await this.stateOf(name);
    if (found?.hasDue === 1) {
      await this.retryDue(found.lane);
      // it may have been changed meanwhile
      found = await this.stateOf(name);
    }
    if (!found || found.isWaiting === 1) return;
    const { lane, seq, attempts } = found;
    const state = { from: seq, attempts };
    const began = now();
    let seen = seq;
    for (const committed of await page(name.tenant, seq)) {
      if (!this.isMine) break;
      if (lane.takes(committed) && !(await this.handle(lane, committed, state))) return;
      seen = committed.alteration.seq;
      if (now() - began > TURN_MS) break;
    }
    if (seen > state.from && this.isMine) await store.run(store.moving({ ...name, seq: seen }, state.from));
    if (seen > seq) this.goOn(name);
  }

  /** @returns whether the next event may be told. */
  private async handle(lane: Lane, committed: Committed, state: { from: number; attempts: number }): Promise<boolean> {
    const { store } = this.parts;
    const { seq } = committed.alteration;
    const moving = store.moving(letterOf(lane, seq), state.from);
    const failed = await this.deliver(lane, committed, state.attempts + 1, moving);
    if (failed === 'lost') {
      // somebody has moved the cursor: another process that has the lease, or who wants it elsewhere
      if (!this.isStopped) await this.keepLease();
      return false;
    }
    if (failed) {
      const { attempts, error, isOurs } = failed;
      const pauseMs = isOurs ? (lane.pauseAfter(1) ?? LATER_MS) : lane.pauseAfter(attempts, error);
      const failure = failureOf(lane, committed, failed, pauseMs);
      if (pauseMs !== undefined) {
        await store.postpone(state.from, failure, pauseMs);
        return false;
      }
      if (!(await store.bury(state.from, failure))) return false;
    }
    state.from = seq;
    state.attempts = 0;
    return true;
  }

  /** @returns undefined where it is handled, and that is in the database; `lost` where that is no longer ours to say. */
  private async deliver(
    lane: Lane,
    committed: Committed,
    attempt: number,
    handled: Statement,
  ): Promise<Failed | 'lost' | undefined> {
    const { name, tenant, call } = lane;
    const { store, transactions, now, warn } = this.parts;
    const { seq } = committed.alteration;
    const running = this.running.get(keyOf(lane));
    if (running) running.since = now();
    const about = { key: committed.hash, attempt, signal: this.ended.signal };
    const delivery = new EventDelivery(about, transactions, handled);
    const traces = traced((by) => by.handling({ tenant, seq, name, attempt }));
    delivery.traceparent = traces?.trace;
    const work = () => delivery.to(call, eventFor(tenant, committed));
    const { failed, transaction } = await (traces ? traces.within(work) : work());
    traces?.end(failed !== undefined);
    const isCommitted = transaction === 'committed';
    // an attempt that was ended does not count
    if (transaction === 'overtaken' || (failed && about.signal.aborted && !isCommitted)) return 'lost';
    if (transaction instanceof NotBegun) {
      const { message } = transaction;
      warn(`not begun ${name}`, `the consumer ${name} waits at seq ${seq} of "${tenant}": ${message}`);
      return { attempts: attempt - 1, error: message, isOurs: true };
    }
    if (failed) {
      const what = isCommitted ? 'failed behind its transaction' : `failed (attempt ${attempt})`;
      const text = wordsOf(failed.error);
      warn(`failed ${this.lanes.name}`, `the consumer ${name} ${what} at seq ${seq} of "${tenant}": ${text}`);
      if (!isCommitted) return { attempts: attempt, error: failed.error };
    }
    if (isCommitted) return undefined;
    const others = lane.record?.({ committed, attempts: attempt });
    return (await store.run(handled, others)) ? undefined : 'lost';
  }

  /** Dead letters that somebody wants to be tried again: each once. Those that are left have the next turn. */
  private async retryDue(lane: Lane): Promise<void> {
    const { store, page, now } = this.parts;
    const { tenant } = lane;
    const began = now();
    for (const { seq, attempts } of await store.due(lane)) {
      if (!this.isMine) return;
      if (now() - began > TURN_MS) return this.goOn(lane);
      const [committed] = await page(tenant, seq - 1, seq);
      if (!committed) await store.lose(letterOf(lane, seq));
      if (!committed) continue;
      const settling = store.settling(letterOf(lane, seq));
      if (!lane.takes(committed)) {
        // it is not, or no longer, about what is to be told here
        await store.run(settling);
        continue;
      }
      const failed = await this.deliver(lane, committed, attempts + 1, settling);
      if (failed === 'lost') {
        // somebody has skipped it, or all that there was, or the lease is another's
        if (!this.isStopped) await this.keepLease();
        return this.goOn(lane);
      }
      if (failed?.isOurs) return;
      if (failed) await store.rebury(failureOf(lane, committed, failed));
    }
  }

  private goOn(name: LaneName): void {
    const running = this.running.get(keyOf(name));
    if (running) running.again = true;
  }
}

const keyOf = ({ name, tenant }: LaneName): string => `${name} ${tenant}`;

const letterOf = ({ name, tenant }: LaneName, seq: number) => ({ name, tenant, seq });

function failureOf(lane: Lane, committed: Committed, { attempts, error }: Failed, pauseMs?: number): Failure {
  const { seq, atomeId } = committed.alteration;
  const others = lane.record?.({ committed, attempts, error, pauseMs }) ?? [];
  return { ...letterOf(lane, seq), atomeId, attempts, error: wordsOf(error), others };
}
