import {
  AtomeError,
  type AccessRules,
  type HybridClock,
  type AtomeState,
  type Content,
  type Limits,
  type Mutation,
} from '../../protocol/index.js';
import { GroupState, type GroupPlan, type WriteRequest } from './group-state.js';
import { groupSize } from './group-size.js';
import type { Committed, Outcome, WriteOrigin } from '../outcome.js';
import { headerOf } from '../access-columns.js';
import { NO_QUOTAS, WriteRate, type Quotas } from './quotas.js';
import type { AtomeHeaderRow } from '../rows.js';
import { LedgerGone } from '../store-error.js';
import type { InheritanceRoots, LedgerStore, TouchedKeys, WriteName } from '../store.js';

/** Told of each group after its commit, in seq order for each tenant. May not throw. */
export type CommitListener = (tenant: string, committed: readonly Committed[]) => void;

/** Looks up the state that a restore goes back to. */
export type StateAt = (tenant: string, atomeId: string, version: number) => Promise<AtomeState | undefined>;

interface QueuedWrite {
  readonly mutation: Mutation;
  readonly origin: WriteOrigin;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one way into the ledger. What arrives while a tenant's previous group is committing is committed
 * together as the next group: one transaction and one flush to disk for all of it, without any timer.
 */
export class LedgerWriter {
  private readonly queues = new Map<string, QueuedWrite[]>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly listeners = new Set<CommitListener>();
  /** Tenants whose ledger is known to be there. */
  private readonly opened = new Set<string>();
  private readonly rate: WriteRate;
  private turn: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly store: LedgerStore,
    private readonly stateAt: StateAt,
    private readonly clock: HybridClock,
    private readonly limits: Limits,
    private readonly rules: AccessRules,
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
      await this.endOfTurn();
      await this.commit(tenant, queue.splice(0, groupSize(queue)));
    }
    this.queues.delete(tenant);
    this.running.delete(tenant);
  }

  /** The same for all tenants, so that a store may commit their groups together. */
  private endOfTurn(): Promise<void> {
    this.turn ??= new Promise((resolve) =>
      setImmediate(() => {
        this.turn = undefined;
        resolve();
      }),
    );
    return this.turn;
  }

  private async commit(tenant: string, group: readonly QueuedWrite[]): Promise<void> {
    let plan: GroupPlan;
    try {
      plan = await this.plan(tenant, group);
    } catch (error) {
      group.forEach(({ reject }) => reject(error));
      return;
    }
    if (plan.isIncomplete) {
      for (const each of group) await this.commit(tenant, [each]);
      return;
    }
    plan.outcomes.forEach((outcome, index) => {
      const { resolve, reject } = group[index]!;
      if (outcome instanceof AtomeError) reject(outcome);
      else resolve(outcome);
    });
    if (plan.committed.length > 0) this.listeners.forEach((listener) => listener(tenant, plan.committed));
  }

  private async plan(tenant: string, group: readonly QueuedWrite[]): Promise<GroupPlan> {
    const requests = await Promise.all(
      group.map(async ({ mutation, origin }) => ({
        mutation,
        origin,
        restored: await this.restored(tenant, mutation, origin),
      })),
    );
    try {
      return await this.planIn(tenant, requests);
    } catch (error) {
      if (!(error instanceof LedgerGone)) throw error;
      // a copy from before this tenant's first write has been put back: it gets a new ledger
      this.opened.delete(tenant);
      return this.planIn(tenant, requests);
    }
  }

  private async planIn(tenant: string, requests: readonly WriteRequest[]): Promise<GroupPlan> {
    if (!this.opened.has(tenant)) {
      await this.store.ledger(tenant).write.open();
      this.opened.add(tenant);
    }
    return this.store
      .ledger(tenant)
      .write.commit(touchedBy(requests, this.rules), (before) =>
        new GroupState(before, this.clock, this.limits, this.rules, this.now(), this.quotas).plan(requests),
      );
  }

  /**
   * A past that cannot be read fails the one write that asks for it, not the group. That of an atome that may not be read
   * is not folded: how long a refusal takes must not tell what is there.
   */
  private async restored(
    tenant: string,
    mutation: Mutation,
    { principal }: WriteOrigin,
  ): Promise<Content | Error | undefined> {
    if (mutation.operation !== 'restore') return undefined;
    const { atomeId, changes } = mutation;
    try {
      const [row] = await this.store.ledger(tenant).atomes.headers([atomeId]);
      if (!row || !this.rules.isAllowed(principal, 'read', headerOf(row))) return undefined;
      return await this.stateAt(tenant, atomeId, changes.version);
    } catch (error) {
      return error as Error;
    }
  }
}

/** Everything that the writes of a group need to know. */
function touchedBy(requests: readonly WriteRequest[], rules: AccessRules): TouchedKeys {
  const atomeIds = new Set<string>();
  const ops: WriteName[] = [];
  const createIds = new Set<string>();
  const shared = new Set<string>();
  const moved = new Set<string>();
  for (const { mutation, restored, origin } of requests) {
    const { atomeId, opId, operation } = mutation;
    atomeIds.add(atomeId);
    if (opId !== null) ops.push({ opId, author: origin.principal.id });
    if (operation === 'create') createIds.add(atomeId);
    if (operation === 'share') shared.add(atomeId);
    const parentId = parentAfter(mutation, restored);
    if (parentId != null) atomeIds.add(parentId);
    if (operation !== 'create' && parentId !== undefined) moved.add(atomeId);
  }
  const inheritanceRoots: InheritanceRoots = { shared: [...shared], moved: [...moved] };
  const isFamily = shared.size > 0 || moved.size > 0;
  return {
    atomeIds: [...atomeIds],
    ops,
    createIds: [...createIds],
    isWanted: (row) => isReadBy(requests, rules, row),
    ...(isFamily && { inheritanceRoots }),
  };
}

/** Whether one of the writes is about an atome and may read it; the others need its header only. */
function isReadBy(requests: readonly WriteRequest[], rules: AccessRules, row: AtomeHeaderRow): boolean {
  const header = headerOf(row);
  return requests.some(
    ({ mutation, origin }) => mutation.atomeId === row.id && rules.isAllowed(origin.principal, 'read', header),
  );
}

/** The parent that a write gives; undefined when it leaves the atome where it is. */
function parentAfter(mutation: Mutation, restored: WriteRequest['restored']): string | null | undefined {
  if (mutation.operation === 'create' || mutation.operation === 'replace') return mutation.changes.parentId;
  return restored && 'parentId' in restored ? restored.parentId : undefined;
}
