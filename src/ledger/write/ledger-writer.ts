import { AtomeError, type Principal } from '../../protocol/index.js';
import { elapse } from '../elapse.js';
import type { Committed, Outcome, WriteOrigin } from '../outcome.js';
import type { LedgerStore } from '../store.js';
import { Admission } from './admission.js';
import { GroupAnswers, outcomeOf } from './group-answers.js';
import { GroupCommits, type CommittedGroup, type StateAt } from './group-commits.js';
import { weigh } from './group-size.js';
import { measure } from './measure.js';
import { AccessPropagation } from './propagate-access.js';
import { GROUPS } from '../signals.js';
import { traced, tracing } from '../traces.js';
import type { PreparedMutation } from './prepared-mutation.js';
import { Rests } from './rests.js';
import { DecideApart, tooEntangled } from './undecidable.js';
import { WaitingWrites, type Apart, type QueuedWrite } from './waiting-writes.js';
import type { WriteEnvironment } from './write-environment.js';

/** Told of each group after its commit, in seq order for each tenant. May not throw. */
export type CommitListener = (tenant: string, committed: readonly Committed[]) => void;

type Group = readonly QueuedWrite[];

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
  /** undefined while it is draining: nobody rests any more. */
  private rests: Rests | undefined = new Rests();
  private turn: Promise<void> | undefined;

  /** @param onError is told of what fails without a caller. */
  constructor(store: LedgerStore, stateAt: StateAt, environment: WriteEnvironment, onError: (error: unknown) => void) {
    this.admission = new Admission(environment);
    this.groups = new GroupCommits(store, stateAt, environment);
    this.propagation = new AccessPropagation(store, environment, onError);
  }

  /** Goes on with what was left to be propagated, and looks for more of it from time to time. */
  start(): Promise<void> {
    return this.propagation.start((tenant) => {
      if (!this.queues.has(tenant)) this.begin(tenant);
    });
  }

  /**
   * Resolves when the write is durable. Writes of one principal in one tenant are decided in the order submitted.
   * @throws AtomeError when it is refused.
   */
  submit(tenant: string, mutation: PreparedMutation, origin: WriteOrigin): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const chars = weigh(mutation);
      const write = { mutation, chars, origin, atomic: 0, cameAt: now(), resolve, reject };
      const refused = this.admission.admit(tenant, chars, [write], this.apartOf(tenant, origin));
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
    const refused = this.admission.admit(tenant, chars, [first, ...others], this.apartOf(tenant, origin));
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
    return (await Promise.allSettled(settling)).map(outcomeOf);
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
    this.propagation.stop();
    this.rests = undefined;
    this.admission.close();
    for (const { waiting } of this.queues.values()) waiting.endRest();
    await this.settled();
  }

  /** Resolves when all that was taken is answered, and propagated unless this is draining. */
  async settled(): Promise<void> {
    await Promise.all([...this.queues.values()].map(({ emptied }) => emptied));
  }

  /** Resolves when a principal does not rest for what they have altered: a transaction that nobody can pass begins then. */
  async rested({ tenant, id }: Pick<Principal, 'tenant' | 'id'>): Promise<void> {
    await this.queues.get(tenant)?.waiting.rested(id);
  }

  private enqueue(tenant: string, write: QueuedWrite): void {
    const queue = this.queues.get(tenant);
    if (queue) queue.waiting.push(write);
    else this.begin(tenant, new WaitingWrites(write));
  }

  private apartOf(tenant: string, { principal }: WriteOrigin): Apart | undefined {
    return this.queues.get(tenant)?.waiting.apartOf(principal.id);
  }

  private begin(tenant: string, waiting = new WaitingWrites()): void {
    const queue: TenantQueue = { waiting, answers: new GroupAnswers(), emptied: Promise.resolve() };
    this.queues.set(tenant, queue);
    queue.emptied = tracing.by ? tracing.by.apart(() => this.run(tenant, queue)) : this.run(tenant, queue);
  }

  private async commitApart(tenant: string, group: Group): Promise<void> {
    await this.commit(tenant, group, new GroupAnswers());
    if (this.propagation.isUnderWay(tenant) && !this.queues.has(tenant)) this.begin(tenant);
  }

  private async run(tenant: string, queue: TenantQueue): Promise<void> {
    const { waiting, answers } = queue;
    while (!waiting.isEmpty || this.propagation.isUnderWay(tenant)) {
      const since = performance.now();
      // the rest of this turn's arrivals belong to the group, unless those before it wait for it to go out
      if (!answers.isPending) await this.endOfTurn();
      const group = waiting.take();
      if (group.length > 0) await this.commit(tenant, group, answers, since);
      if (this.propagation.isUnderWay(tenant)) {
        answers.flush();
        await this.propagate(tenant);
      } else await waiting.someReady();
    }
    this.queues.delete(tenant);
  }

  /** Whose writes kept everybody waiting waits itself. @returns how long all of the tenant do, in milliseconds. */
  private giveWay(tenant: string, plan: CommittedGroup): number {
    if (!this.rests) return 0;
    const { all, some } = this.rests.after(tenant, plan);
    if (some.length === 0) return all;
    const known = this.queues.get(tenant)?.waiting;
    const waiting = known ?? new WaitingWrites();
    for (const { ids, until } of some) waiting.rest(ids, until);
    // behind what was committed apart there may be nothing
    if (!known) this.begin(tenant, waiting);
    return all;
  }

  /** Tells some more atomes what they inherit; between the groups of writes, so that nobody waits for all of them. */
  private async propagate(tenant: string): Promise<void> {
    const committed = await this.propagation.goOn(tenant);
    this.admission.charge(tenant, committed.length);
    this.tell(tenant, committed);
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

  /**
   * Those at its end that are to be decided in another group wait again.
   * @param since when its turn came.
   */
  private async commit(tenant: string, group: Group, answers: GroupAnswers, since = performance.now()): Promise<void> {
    const begun = performance.now();
    const isAtomic = group[0]!.atomic > 0;
    let plan: CommittedGroup;
    try {
      plan = await this.groups.commit(tenant, group, isAtomic);
    } catch (error) {
      if (error instanceof DecideApart && !isAtomic && group.length > 1) {
        for (const each of group) await this.commit(tenant, [each], answers);
        return;
      }
      this.leave(tenant, group, performance.now() - since);
      if (GROUPS.hasSubscribers) measure(group, begun, { outcomes: [], committed: 0 });
      const reason = isAtomic && error instanceof DecideApart ? tooEntangled() : error;
      traced((by) => by.decided({ tenant, writes: group, outcomes: { error: reason }, committed: [], begun }));
      answers.give(() => group.forEach(({ reject }) => reject(reason)), false);
      return;
    }
    const { length } = plan.outcomes;
    const decided = group.slice(0, length);
    const tookMs = (performance.now() - since) * (group.length / length);
    const rest = this.giveWay(tenant, plan);
    this.queues.get(tenant)?.waiting.putBack(group.slice(length));
    this.leave(tenant, decided, tookMs);
    if (GROUPS.hasSubscribers) measure(decided, begun, { outcomes: plan.outcomes, committed: plan.committed.length });
    traced((by) => by.decided({ tenant, writes: group, outcomes: plan.outcomes, committed: plan.committed, begun }));
    if (plan.additions?.propagations?.length) this.propagation.begin(tenant);
    // a database elsewhere has work meanwhile
    const isLater = this.groups.isElsewhere && rest === 0 && this.queues.get(tenant)?.waiting.hasReady === true;
    answers.give(() => this.answer(tenant, group, plan), isLater);
    if (rest > 0) await elapse(rest);
  }

  private leave(tenant: string, writes: Group, tookMs: number): void {
    this.admission.leave(tenant, { writes, tookMs, apart: this.queues.get(tenant)?.waiting.apartOf()?.all });
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

function now(): number {
  return GROUPS.hasSubscribers || tracing.by ? performance.now() : 0;
}
