import { setTimeout } from 'node:timers/promises';
import { AtomeError } from '../../protocol/index.js';
import type { Committed, Outcome, WriteOrigin } from '../outcome.js';
import type { LedgerStore } from '../store.js';
import { Admission } from './admission.js';
import { GroupAnswers } from './group-answers.js';
import { GroupCommits, type CommittedGroup, type StateAt } from './group-commits.js';
import { restAfter, weigh } from './group-size.js';
import { LargePace } from './large-pace.js';
import { measure } from './measure.js';
import { AccessPropagation } from './propagate-access.js';
import { GROUPS } from '../signals.js';
import { traced, tracing } from '../traces.js';
import type { PreparedMutation } from './prepared-mutation.js';
import { DecideApart } from './undecidable.js';
import { WaitingWrites, type QueuedWrite } from './waiting-writes.js';
import type { WriteEnvironment } from './write-environment.js';

/** Told of each group after its commit, in seq order for each tenant. May not throw. */
export type CommitListener = (tenant: string, committed: readonly Committed[]) => void;

type Group = readonly QueuedWrite[];

/** How often it is looked for changes of an access that another process, or a fault, has left to be propagated, in milliseconds. */
const RESUME_MS = 30_000;

/** The writes of a tenant that wait, and the work that takes them. */
interface TenantQueue {
  readonly waiting: WaitingWrites;
  readonly answers: GroupAnswers;
  emptied: Promise<void>;
}

/**
 * The one way into the ledger. What arrives while a tenant's previous group is committing is committed
 * together as the next group: one transaction and one flush to disk for all of it, without any timer.
 */
export class LedgerWriter {
  readonly name = 'writes that wait';
  private readonly queues = new Map<string, TenantQueue>();
  private readonly listeners = new Set<CommitListener>();
  private readonly admission: Admission;
  private readonly groups: GroupCommits;
  private readonly propagation: AccessPropagation;
  private readonly pace = new LargePace();
  private turn: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isDraining = false;

  /** @param onError is told of what fails without a caller. */
  constructor(
    private readonly store: LedgerStore,
    stateAt: StateAt,
    environment: WriteEnvironment,
    private readonly onError: (error: unknown) => void,
  ) {
    this.admission = new Admission(environment);
    this.groups = new GroupCommits(store, stateAt, environment);
    this.propagation = new AccessPropagation(store, environment);
  }

  /** Goes on with what was left to be propagated, and looks for more of it from time to time. */
  start(): Promise<void> {
    clearInterval(this.timer);
    this.timer = setInterval(() => void this.resume(), RESUME_MS).unref();
    return this.resume();
  }

  /**
   * Resolves when the write is durable. Writes of one principal in one tenant are decided in the order submitted.
   * @throws AtomeError when it is refused.
   */
  submit(tenant: string, mutation: PreparedMutation, origin: WriteOrigin): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const chars = weigh(mutation);
      const write = { mutation, chars, origin, atomic: 0, cameAt: now(), resolve, reject };
      const refused = this.admission.admit(tenant, chars, [write]);
      if (refused) refused.catch(reject);
      else this.enqueue(tenant, write);
    });
  }

  /**
   * As {@link submit}, of several that are written together, or not at all: what is refused refuses the others.
   * @returns what came of each, in their order; all are refused, or none is.
   * @throws AtomeError when none could be decided.
   */
  async submitAll(
    tenant: string,
    mutations: readonly PreparedMutation[],
    origin: WriteOrigin,
  ): Promise<(Outcome | AtomeError)[]> {
    // what is added is nobody's echo, and meets no conditions
    const ofAdded = { principal: origin.principal, sourceClient: null, within: origin.within, trace: origin.trace };
    const writes = mutations.map((mutation, place) => {
      return { mutation, origin: mutation.isAdded ? ofAdded : origin, place, chars: weigh(mutation) };
    });
    const [first, ...others] = writes;
    if (!first) return [];
    const chars = writes.reduce((sum, write) => sum + write.chars, 0);
    const refused = this.admission.admit(tenant, chars, [first, ...others]);
    if (refused) return refused;
    const apart: QueuedWrite[] = [];
    // behind others it would wait for those who wait for it
    const isApart = origin.within?.isExclusive;
    const settling = writes.map(
      ({ place, ...write }) =>
        new Promise<Outcome>((resolve, reject) => {
          const queued = { ...write, atomic: writes.length - place, cameAt: now(), resolve, reject };
          if (isApart) apart.push(queued);
          else this.enqueue(tenant, queued);
        }),
    );
    if (isApart) void this.commitApart(tenant, apart);
    const settled = await Promise.allSettled(settling);
    return settled.map((each) => {
      if (each.status === 'fulfilled') return each.value;
      if (each.reason instanceof AtomeError) return each.reason;
      throw each.reason;
    });
  }

  /** Makes the ledger of a tenant that has none, which a transaction cannot. */
  open(tenant: string): Promise<void> {
    return this.groups.open(tenant);
  }

  /** About how many bytes wait. */
  get bytes(): number {
    return this.admission.bytes;
  }

  /** @returns the function that ends it. */
  onCommit(listener: CommitListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes nothing new; resolves when all that was taken is answered. */
  async drain(): Promise<void> {
    clearInterval(this.timer);
    this.isDraining = true;
    this.admission.close();
    for (const { waiting } of this.queues.values()) waiting.endRest();
    await this.settled();
  }

  /** Resolves when all that was taken is answered, and propagated unless this is draining. */
  async settled(): Promise<void> {
    await Promise.all([...this.queues.values()].map(({ emptied }) => emptied));
  }

  private enqueue(tenant: string, write: QueuedWrite): void {
    const queue = this.queues.get(tenant);
    if (queue) queue.waiting.push(write);
    else this.begin(tenant, write);
  }

  private begin(tenant: string, ...writes: QueuedWrite[]): void {
    const waiting = new WaitingWrites(...writes);
    const queue: TenantQueue = { waiting, answers: new GroupAnswers(), emptied: Promise.resolve() };
    this.queues.set(tenant, queue);
    queue.emptied = tracing.by ? tracing.by.apart(() => this.run(tenant, queue)) : this.run(tenant, queue);
  }

  private async commitApart(tenant: string, group: Group): Promise<void> {
    await this.commit(tenant, group, { waiting: new WaitingWrites(), answers: new GroupAnswers() });
    if (this.propagation.isUnderWay(tenant) && !this.queues.has(tenant)) this.begin(tenant);
  }

  private async run(tenant: string, queue: TenantQueue): Promise<void> {
    const { waiting, answers } = queue;
    while (!waiting.isEmpty || this.propagation.isUnderWay(tenant)) {
      const since = performance.now();
      // the rest of this turn's arrivals belong to the group, unless those before it wait for it to go out
      if (!answers.isPending) await this.endOfTurn();
      const group = waiting.take();
      if (group.length > 0) waiting.putBack(await this.commit(tenant, group, queue, since));
      if (this.propagation.isUnderWay(tenant)) {
        answers.flush();
        await this.propagate(tenant);
      } else await waiting.someReady();
    }
    this.queues.delete(tenant);
  }

  /** Whose writes kept everybody waiting waits itself. @returns how long all of the tenant do, in milliseconds. */
  private giveWay(waiting: WaitingWrites, tenant: string, { heldMs, large }: CommittedGroup): number {
    if (this.isDraining) return 0;
    const largeBytes = [...large.values()].reduce((sum, bytes) => sum + bytes, 0);
    const rest = restAfter({ heldMs, largeBytes });
    if (largeBytes > 0) {
      const now = performance.now();
      waiting.rest(large.keys(), Math.max(this.pace.charge(tenant, largeBytes, now), now + rest.large));
    }
    return rest.all;
  }

  /** Tells some more atomes what they inherit; between the groups of writes, so that nobody waits for all of them. */
  private async propagate(tenant: string): Promise<void> {
    if (this.isDraining) {
      this.propagation.end(tenant);
      return;
    }
    try {
      const committed = await this.propagation.step(tenant);
      this.admission.charge(tenant, committed.length);
      this.tell(tenant, committed);
    } catch (error) {
      // it is in the database, and is gone on with at the next look
      this.propagation.end(tenant);
      this.onError(error);
    }
  }

  private async resume(): Promise<void> {
    try {
      for (const tenant of await this.store.propagating()) {
        this.propagation.begin(tenant);
        if (!this.queues.has(tenant)) this.begin(tenant);
      }
    } catch (error) {
      this.onError(error);
    }
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

  /** @param since when its turn came. @returns those at its end that are to be decided in another group. */
  private async commit(
    tenant: string,
    group: Group,
    { waiting, answers }: Omit<TenantQueue, 'emptied'>,
    since = performance.now(),
  ): Promise<Group> {
    const begun = performance.now();
    const isAtomic = group[0]!.atomic > 0;
    let plan: CommittedGroup;
    try {
      plan = await this.groups.commit(tenant, group, isAtomic);
    } catch (error) {
      if (error instanceof DecideApart && !isAtomic && group.length > 1) {
        for (const each of group) await this.commit(tenant, [each], { waiting, answers });
        return [];
      }
      this.admission.leave(tenant, { writes: group, tookMs: performance.now() - since });
      if (GROUPS.hasSubscribers) measure(group, begun, { outcomes: [], committed: 0 });
      const reason = isAtomic && error instanceof DecideApart ? tooEntangled() : error;
      traced((by) => by.decided({ tenant, writes: group, outcomes: { error: reason }, committed: [], begun }));
      answers.give(() => group.forEach(({ reject }) => reject(reason)), false);
      return [];
    }
    const { length } = plan.outcomes;
    const tookMs = (performance.now() - since) * (group.length / length);
    this.admission.leave(tenant, { writes: group.slice(0, length), tookMs });
    if (GROUPS.hasSubscribers)
      measure(group.slice(0, length), begun, { outcomes: plan.outcomes, committed: plan.committed.length });
    traced((by) => by.decided({ tenant, writes: group, outcomes: plan.outcomes, committed: plan.committed, begun }));
    if (plan.additions?.propagations?.length) this.propagation.begin(tenant);
    const rest = this.giveWay(waiting, tenant, plan);
    // a database elsewhere has work meanwhile
    const isLater = this.store.kind === 'postgres' && waiting.hasReady && rest === 0;
    answers.give(() => this.answer(tenant, group, plan), isLater);
    if (rest > 0) await setTimeout(rest);
    return group.slice(length);
  }

  private answer(tenant: string, group: Group, { outcomes, committed }: CommittedGroup): void {
    outcomes.forEach((outcome, index) => {
      const { resolve, reject } = group[index]!;
      if (outcome instanceof AtomeError) reject(outcome);
      else resolve(outcome);
    });
    this.tell(tenant, committed);
  }

  private tell(tenant: string, committed: readonly Committed[]): void {
    if (committed.length > 0) this.listeners.forEach((listener) => listener(tenant, committed));
  }
}

/** One of several gives another the right that it needs, or too many of them come to inherit. */
function tooEntangled(): AtomeError {
  return new AtomeError('conflict', 'these writes cannot be decided together; send them one after the other');
}

function now(): number {
  return GROUPS.hasSubscribers || tracing.by ? performance.now() : 0;
}
