import {
  AtomeError,
  clampHlc,
  contentOf,
  decide,
  fold,
  isRedacted,
  redacted,
  tombstoneOf,
  assertAllowed,
  sameRights,
  type AccessRules,
  type AlterationBody,
  type AtomeState,
  type Content,
  type HybridClock,
  type Limits,
  type Mutation,
  type Principal,
  type ReadyMutation,
} from '../../protocol/index.js';
import { requirePreconditions } from './preconditions.js';
import { Heritage, requireResult } from './access-inheritance.js';
import { link, type Working } from './append-entry.js';
import { headerOfAtome, type Committed, type Outcome, type WriteOrigin } from '../outcome.js';
import { createdAgain, nameOf, repeat, UNKNOWN_AUTHOR } from './idempotency.js';
import { accessColumns, rightsAndAudienceOf } from '../access-columns.js';
import { makesRoom, NO_QUOTAS, requireRoom, type Quotas } from './quotas.js';
import type { AlterationRow, AtomeRow, HeadRow, IdempotencyRecord } from '../rows.js';
import { stateOf, withoutClocks } from '../row-mapper.js';
import type { Additions, LockedState } from '../store.js';

/* One group of writes, decided in memory between the reading of the state and the inserts. */

export interface WriteRequest {
  readonly mutation: Mutation;
  readonly origin: WriteOrigin;
  /** The state that a `restore` goes back to, looked up beforehand: history never changes. Or why it was not found. */
  readonly restored?: Content | Error | undefined;
}

export interface GroupPlan {
  /** In the order of the requests. */
  readonly outcomes: readonly (Outcome | AtomeError)[];
  readonly committed: readonly Committed[];
  /** null when nothing is to be written. */
  readonly additions: Additions | null;
  /** The group changes the rights of too many to be decided together. */
  readonly crowded: boolean;
}

/** Decides the writes of a group one after the other; a refused one leaves no trace. */
export class GroupPlanner {
  private head: HeadRow;
  private readonly working = new Map<string, Working>();
  private readonly atomeRows = new Map<string, AtomeRow>();
  private readonly known = new Map<string, IdempotencyRecord>();
  /** What made the atomes that a `create` may meet. */
  private readonly creations = new Map<string, AlterationRow>();
  private readonly alterations: AlterationRow[] = [];
  private readonly receipts: IdempotencyRecord[] = [];
  private readonly committed: Committed[] = [];
  private readonly heritage: Heritage;
  private readonly erased: string[] = [];
  private readonly now: string;

  constructor(
    private readonly before: LockedState,
    private readonly clock: HybridClock,
    private readonly limits: Limits,
    private readonly rules: AccessRules,
    private readonly nowMs: number,
    private readonly quotas: Quotas = NO_QUOTAS,
  ) {
    const { working } = this;
    this.head = before.head;
    this.now = new Date(nowMs).toISOString();
    for (const row of before.receipts) this.known.set(nameOf(row), row);
    for (const row of before.creations) this.creations.set(row.atomeId, row);
    for (const row of before.atomes) {
      const { seq, createdSeq, base, weight, size } = row;
      const { audience } = rightsAndAudienceOf(row);
      working.set(row.id, { state: stateOf(row), seq, createdSeq, base, weight, size, audience });
    }
    const states = function* (): Generator<AtomeState> {
      for (const { state } of working.values()) yield state;
    };
    const family = {
      get: (id: string) => working.get(id)?.state,
      all: states,
      crowded: before.isIncomplete ?? false,
    };
    this.heritage = new Heritage(family, rules);
  }

  plan(requests: readonly WriteRequest[]): GroupPlan {
    if (this.before.isIncomplete && requests.length > 1) {
      return { outcomes: [], committed: [], additions: null, crowded: true };
    }
    const outcomes = requests.map((request) => this.attempt(request));
    const { head, alterations, receipts, committed, erased } = this;
    const changed = alterations.length > 0 || receipts.length > 0;
    return {
      outcomes,
      committed,
      crowded: false,
      additions: changed ? { head, alterations, receipts, atomes: [...this.atomeRows.values()], erased } : null,
    };
  }

  private attempt(request: WriteRequest): Outcome | AtomeError {
    try {
      return this.write(request);
    } catch (error) {
      if (error instanceof AtomeError) return error;
      // a fault in deciding one write must not spoil its group
      return Object.assign(new AtomeError('internal', 'the write could not be decided'), { cause: error });
    }
  }

  private write({ mutation, origin, restored }: WriteRequest): Outcome {
    const { principal } = origin;
    const first = this.first(mutation.opId, principal.id);
    if (first) return repeat(first, mutation, this.head.epoch);
    const now = this.visible(mutation, principal);
    requirePreconditions(origin.preconditions, mutation.operation, now?.state, this.head.epoch);
    const ready = this.heritage.resolve(this.ready(mutation, now, now && restored), now?.state, principal);
    const creation = now && createdAgain(this.creations.get(mutation.atomeId), mutation, now.state);
    if (creation) return this.again(creation, mutation, principal);
    const hlc = this.stamp(mutation, now?.state);
    const decision = decide(now?.state ?? null, ready, hlc, this.limits);
    if (decision.outcome === 'noop') return this.noop(mutation, now!, principal);
    const { superseded } = decision;
    return this.apply(this.heritage.moved(ready, now?.state, superseded, principal), now, hlc, superseded, origin);
  }

  /** What was written under an opId first; a receipt that is older than authors is anybody's. */
  private first(opId: string | null, author: string): IdempotencyRecord | undefined {
    if (opId === null) return undefined;
    return this.known.get(nameOf({ opId, author })) ?? this.known.get(nameOf({ opId, author: UNKNOWN_AUTHOR }));
  }

  /**
   * The atome that a write is about, once it may be written. One that may not be read is not there: whatever is refused
   * from here on is refused in the same words as for an id that nobody uses.
   */
  private visible({ atomeId, operation }: Mutation, principal: Principal): Working | undefined {
    const now = this.working.get(atomeId);
    if (!now) return undefined;
    const isRead = this.rules.isAllowed(principal, 'read', now.state);
    if (operation === 'create') {
      if (isRead) return now;
      throw new AtomeError('exists', `the id "${atomeId}" is taken; create it with another id`);
    }
    if (!isRead) return undefined;
    assertAllowed(
      this.rules,
      principal,
      operation === 'share' || operation === 'redact' ? 'share' : 'write',
      now.state,
    );
    return now;
  }

  private ready(mutation: Mutation, now: Working | undefined, restored: WriteRequest['restored']): ReadyMutation {
    if (mutation.operation === 'redact') {
      if (!now) throw new AtomeError('not_found', `there is no atome "${mutation.atomeId}"`);
      return {
        ...mutation,
        changes: tombstoneOf(
          now.state,
          accessColumns(now.state, now.audience).access === null ? undefined : now.audience,
        ),
      };
    }
    if (mutation.operation !== 'restore') return mutation;
    if (now && isRedacted(now.state)) throw redacted(now.state);
    if (restored instanceof Error) throw restored;
    const { version } = mutation.changes;
    if (restored) return { ...mutation, changes: { version, ...contentOf(restored) } };
    throw new AtomeError(
      'not_found',
      now
        ? `the atome "${mutation.atomeId}" has no version ${version}; it has 1 to ${now.state.version}`
        : `there is no atome "${mutation.atomeId}"; nothing can be restored`,
    );
  }

  /** The client's stamp within bounds; without one, a stamp newer than all that the write meets. */
  private stamp({ hlc }: Mutation, state: AtomeState | undefined): string {
    if (hlc !== null) {
      const clamped = clampHlc(hlc, this.nowMs);
      this.clock.observe(clamped);
      return clamped;
    }
    if (state) Object.values(state.clocks).forEach((seen) => this.clock.observe(seen));
    return this.clock.tick();
  }

  private noop(mutation: Mutation, now: Working, { id: author }: Principal): Outcome {
    const { atomeId, operation, opId } = mutation;
    const { seq, state } = now;
    if (opId !== null) {
      const changes = JSON.stringify(mutation.changes);
      this.remember({ opId, atomeId, operation, changes, seq, version: state.version, author }, true);
    }
    const { epoch } = this.head;
    return { outcome: 'noop', epoch, atomeId, seq, version: state.version, atome: withoutClocks(state) };
  }

  private again(
    { atomeId, operation, changes, seq, version }: AlterationRow,
    { opId }: Mutation,
    { id: author }: Principal,
  ): Outcome {
    if (opId !== null) this.remember({ opId, atomeId, operation, changes, seq, version, author }, true);
    return { outcome: 'duplicate', epoch: this.head.epoch, atomeId, seq, version, superseded: [], altered: false };
  }

  private apply(
    { opId, atomeId, reason, operation, changes }: ReadyMutation,
    now: Working | undefined,
    hlc: string,
    superseded: readonly string[],
    { principal, sourceClient }: WriteOrigin,
  ): Outcome {
    const author = principal.id;
    const { seq, version, timestamp } = this.place(now);
    const fields = {
      atomeId,
      operation,
      changes,
      reason,
      author,
      sourceClient,
      opId,
      hlc,
      superseded,
      seq,
      version,
      timestamp,
    };
    // the operation and its changes come out of one mutation
    const alteration = fields as AlterationBody;
    const state = fold(now?.state ?? null, alteration);
    requireResult(this.rules, principal, now?.state, state);
    const handsDown = now && !sameRights(now.state, state);
    // before anything is added: a refusal leaves no trace
    if (handsDown) this.heritage.requireRoomFor(state);
    const committed = this.add(alteration, state, now);
    if (handsDown) this.handDown(atomeId, author);
    return { outcome: 'applied', epoch: this.head.epoch, committed, previous: now?.state ?? null };
  }

  /** What inherits from an atome has its new access in alterations of its own. */
  private handDown(from: string, author: string): void {
    for (const { id, inherited } of this.heritage.heirsOf(from)) {
      const now = this.working.get(id)!;
      const change = { operation: 'share', changes: { access: 'inherit', inherited } } as const;
      const by = { reason: `inherited from ${from}`, author, sourceClient: null, opId: null };
      const fields = { atomeId: id, ...change, ...by, hlc: this.clock.tick(), superseded: [] };
      const alteration: AlterationBody = { ...fields, ...this.place(now) };
      // the write that changed the parent has been let in
      this.add(alteration, fold(now.state, alteration), now, true);
    }
  }

  private place(now: Working | undefined): Pick<AlterationBody, 'seq' | 'version' | 'timestamp'> {
    return { seq: this.head.seq + 1, version: (now?.state.version ?? 0) + 1, timestamp: this.timestamp() };
  }

  private add(
    alteration: AlterationBody,
    state: AtomeState,
    now: Working | undefined,
    isHandedDown = false,
  ): Committed {
    const { row, stored, atome, next } = link(this.head, alteration, state, now);
    // who sees it does not make it larger, and a right must be taken away also from what an earlier limit let in
    if (alteration.operation !== 'share') this.requireSize(row.atomeId, next.size);
    if (!isHandedDown && !makesRoom(alteration)) requireRoom(this.quotas, this.head, stored);
    const { hash, prevHash, size, seq, timestamp, opId } = row;
    const { atomes, bytes } = stored;
    this.head = { epoch: this.head.epoch, seq, hash, timestamp, atomes, bytes };
    this.working.set(row.atomeId, next);
    this.atomeRows.set(row.atomeId, atome);
    this.alterations.push(row);
    if (row.version === 1) this.creations.set(row.atomeId, row);
    if (opId !== null) this.remember(row as AlterationRow & { opId: string }, false);
    if (alteration.operation === 'redact') this.erased.push(row.atomeId);
    const before = now ? headerOfAtome(now.state) : null;
    const committed = { alteration, prevHash, hash, size, atome: withoutClocks(state), before };
    this.committed.push(committed);
    return committed;
  }

  /** Never earlier than the last alteration, so that order by time is order by seq. */
  private timestamp(): string {
    return this.now > this.head.timestamp ? this.now : this.head.timestamp;
  }

  private requireSize(atomeId: string, bytes: number): void {
    if (bytes > this.limits.messageBytes) {
      throw new AtomeError(
        'too_large',
        `the atome "${atomeId}" would take ${bytes} bytes, and ${this.limits.messageBytes} are allowed; split it into several`,
      );
    }
  }

  /** `added`: the ledger has no row under this opId, so that it needs one of its own. */
  private remember(row: IdempotencyRecord, added: boolean): void {
    this.known.set(nameOf(row), row);
    if (added) this.receipts.push(row);
  }
}
