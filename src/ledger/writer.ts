import {
  AtomeError,
  equalJson,
  type HybridClock,
  type AtomeState,
  type Content,
  type Limits,
  type Mutation,
} from '../protocol/index.js';
import { GroupPlanner, type Committed, type GroupPlan, type Outcome, type WriteOrigin } from './group.js';
import { NO_QUOTAS, WriteRate, type Quotas } from './quotas.js';
import type { LedgerStore } from './store.js';

/** Told of each group after its commit, in seq order for each tenant. May not throw. */
export type CommitListener = (tenant: string, committed: readonly Committed[]) => void;

/** Looks up the state that a restore goes back to. */
export type StateAt = (tenant: string, atomeId: string, version: number) => Promise<AtomeState | undefined>;

interface Waiting {
  readonly mutation: Mutation;
  readonly origin: WriteOrigin;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** More gain nothing, and each of its atomes is in memory as long as it is decided. */
const MAX_GROUP = 200;

/**
 * The one way into the ledger. What arrives while a tenant's previous group is committing is committed
 * together as the next group: one transaction and one flush to disk for all of it, without any timer.
 */
export class LedgerWriter {
  private readonly queues = new Map<string, Waiting[]>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly listeners = new Set<CommitListener>();
  /** Tenants whose ledger is known to be there. */
  private readonly opened = new Set<string>();
  private readonly rate: WriteRate;
  private closed = false;

  constructor(
    private readonly store: LedgerStore,
    private readonly stateAt: StateAt,
    private readonly clock: HybridClock,
    private readonly limits: Limits,
    private readonly now: () => number = Date.now,
    private readonly quotas: Quotas = NO_QUOTAS,
  ) {
    this.rate = new WriteRate(quotas);
  }

  /**
   * Resolves when the write is durable. Writes of one tenant are decided in the order submitted.
   * @throws AtomeError when it is refused.
   */
  submit(tenant: string, mutation: Mutation, origin: WriteOrigin): Promise<Outcome> {
    if (this.closed) return Promise.reject(new AtomeError('unavailable', 'the server is going down; try again'));
    return new Promise((resolve, reject) => {
      this.rate.take(tenant, this.now());
      const waiting = { mutation, origin, resolve, reject };
      const queue = this.queues.get(tenant);
      if (queue) queue.push(waiting);
      else this.queues.set(tenant, [waiting]);
      if (!this.running.has(tenant)) this.running.set(tenant, this.run(tenant));
    });
  }

  /** @returns the function that ends it. */
  onCommit(listener: CommitListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes nothing new; resolves when all that was taken is answered. */
  async drain(): Promise<void> {
    this.closed = true;
    await Promise.all(this.running.values());
  }

  private async run(tenant: string): Promise<void> {
    const queue = this.queues.get(tenant)!;
    while (queue.length > 0) {
      // the rest of this turn's arrivals belong to the group
      await new Promise(setImmediate);
      await this.commit(tenant, queue.splice(0, groupSize(queue)));
    }
    this.queues.delete(tenant);
    this.running.delete(tenant);
  }

  private async commit(tenant: string, group: readonly Waiting[]): Promise<void> {
    let plan: GroupPlan;
    try {
      plan = await this.plan(tenant, group);
    } catch (error) {
      group.forEach(({ reject }) => reject(error));
      return;
    }
    const settled = plan.outcomes.map((outcome, index) => this.settle(tenant, group[index]!, outcome));
    if (plan.committed.length > 0) this.listeners.forEach((listener) => listener(tenant, plan.committed));
    await Promise.all(settled);
  }

  private async plan(tenant: string, group: readonly Waiting[]): Promise<GroupPlan> {
    const requests = await Promise.all(
      group.map(async ({ mutation, origin }) => ({
        mutation,
        origin,
        restored: await this.restored(tenant, mutation),
      })),
    );
    const touched = {
      atomeIds: [...new Set(group.map(({ mutation }) => mutation.atomeId))],
      opIds: [...new Set(group.map(({ mutation }) => mutation.opId).filter((opId) => opId !== null))],
    };
    if (!this.opened.has(tenant)) {
      await this.store.open(tenant);
      this.opened.add(tenant);
    }
    return this.store.commit(tenant, touched, (before) =>
      new GroupPlanner(before, this.clock, this.limits, this.now(), this.quotas).plan(requests),
    );
  }

  /** A past that cannot be read fails the one write that asks for it, not the group. */
  private async restored(tenant: string, mutation: Mutation): Promise<Content | Error | undefined> {
    if (mutation.operation !== 'restore') return undefined;
    return this.stateAt(tenant, mutation.atomeId, mutation.changes.version).catch((error: unknown) => error as Error);
  }

  private async settle(
    tenant: string,
    { mutation, resolve, reject }: Waiting,
    outcome: Outcome | AtomeError,
  ): Promise<void> {
    if (!(outcome instanceof AtomeError)) resolve(outcome);
    else if (outcome.code === 'exists') await this.repeatedCreate(tenant, mutation, outcome).then(resolve, reject);
    else reject(outcome);
  }

  /** A create says the same as the one that made the atome: it is that one again, though others went on. */
  private async repeatedCreate(tenant: string, mutation: Mutation, refusal: AtomeError): Promise<Outcome> {
    const { atomeId } = mutation;
    const [first, row] = await Promise.all([
      this.store.alteration(tenant, atomeId, 1),
      this.store.atome(tenant, atomeId),
    ]);
    if (!first || !row || !equalJson(JSON.parse(first.changes), mutation.changes)) throw refusal;
    const { seq, version } = first;
    return { outcome: 'duplicate', atomeId, seq, version, superseded: [], altered: true };
  }
}

/**
 * How many of the queue make the next group: a restore waits for an earlier write to its atome to be history.
 */
function groupSize(queue: readonly Waiting[]): number {
  const touched = new Set<string>();
  for (let size = 0; size < queue.length && size < MAX_GROUP; size += 1) {
    const { operation, atomeId } = queue[size]!.mutation;
    if (operation === 'restore' && touched.has(atomeId)) return size;
    touched.add(atomeId);
  }
  return Math.min(queue.length, MAX_GROUP);
}
