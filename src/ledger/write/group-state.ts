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
  type AtomeHeader,
  type AtomeState,
  type Content,
  type HybridClock,
  type Limits,
  type Mutation,
  type Principal,
  type ReadyMutation,
} from '../../protocol/index.js';
import { requirePreconditions } from './preconditions.js';
import { AccessInheritance, assertResultAllowed } from './access-inheritance.js';
import { appendEntry, pendingOf, type PendingAtome } from './append-entry.js';
import { headerOfAtome, type Committed, type Outcome, type WriteOrigin } from '../outcome.js';
import { sameCreation, nameOf, replayOf, UNKNOWN_AUTHOR } from './idempotency.js';
import { accessColumns } from '../access-columns.js';
import { freesSpace, NO_QUOTAS, assertWithinQuotas, type Quotas } from './quotas.js';
import type { AlterationRow, AtomeRow, HeadRow, IdempotencyRecord } from '../rows.js';
import { withoutClocks } from '../row-mapper.js';
import type { Additions, Erasure, LockedState } from '../store.js';

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
  readonly isIncomplete: boolean;
}

/** Decides the writes of a group one after the other; a refused one leaves no trace. */
export class GroupState {
  private head: HeadRow;
  private readonly pending = new Map<string, PendingAtome>();
  private readonly atomeRows = new Map<string, AtomeRow>();
  private readonly known = new Map<string, IdempotencyRecord>();
  /** First alteration of each atome that a `create` names, to recognise a repeated create. */
  private readonly firstAlterations = new Map<string, AlterationRow>();
  private readonly alterations: AlterationRow[] = [];
  private readonly receipts: IdempotencyRecord[] = [];
  private readonly committed: Committed[] = [];
  private readonly inheritance: AccessInheritance;
  private readonly erased: Erasure[] = [];
  private readonly nowIso: string;

  constructor(
    private readonly before: LockedState,
    private readonly clock: HybridClock,
    private readonly limits: Limits,
    private readonly rules: AccessRules,
    private readonly nowMs: number,
    private readonly quotas: Quotas = NO_QUOTAS,
  ) {
    const { pending } = this;
    this.head = before.head;
    this.nowIso = new Date(nowMs).toISOString();
    for (const row of before.receipts) this.known.set(nameOf(row), row);
    for (const row of before.creations) this.firstAlterations.set(row.atomeId, row);
    for (const row of before.atomes) pending.set(row.id, pendingOf(row));
    const headers = function* (): Generator<AtomeHeader> {
      for (const { header } of pending.values()) yield header;
    };
    const family = {
      get: (id: string) => pending.get(id)?.header,
      all: headers,
      isIncomplete: before.isIncomplete ?? false,
    };
    this.inheritance = new AccessInheritance(family, rules);
  }

  plan(requests: readonly WriteRequest[]): GroupPlan {
    if (this.before.isIncomplete && requests.length > 1) {
      return { outcomes: [], committed: [], additions: null, isIncomplete: true };
    }
    const outcomes = requests.map((request) => this.attempt(request));
    const { head, alterations, receipts, committed, erased } = this;
    const changed = alterations.length > 0 || receipts.length > 0;
    return {
      outcomes,
      committed,
      isIncomplete: false,
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
    if (first) return replayOf(first, mutation, this.head.epoch);
    const target = this.authorizeTarget(mutation, principal);
    requirePreconditions(origin.preconditions, mutation.operation, target?.state, this.head.epoch);
    const change = this.inheritance.resolve(
      this.completeChange(mutation, target, target && restored),
      target?.state,
      principal,
    );
    const creation = target && sameCreation(this.firstAlterations.get(mutation.atomeId), mutation, target.state);
    if (creation) return this.replayCreation(creation, mutation, principal);
    const hlc = this.stampFor(mutation, target?.state);
    const decision = decide(target?.state ?? null, change, hlc, this.limits);
    if (decision.outcome === 'noop') return this.noop(mutation, target!, principal);
    const { superseded } = decision;
    return this.apply(
      this.inheritance.inheritOnMove(change, target?.state, superseded, principal),
      target,
      hlc,
      superseded,
      origin,
    );
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
  private authorizeTarget({ atomeId, operation }: Mutation, principal: Principal): PendingAtome | undefined {
    const target = this.pending.get(atomeId);
    if (!target) return undefined;
    const isRead = this.rules.isAllowed(principal, 'read', target.header);
    if (operation === 'create') {
      if (isRead) return target;
      throw new AtomeError('exists', `the id "${atomeId}" is taken; create it with another id`);
    }
    if (!isRead) return undefined;
    assertAllowed(
      this.rules,
      principal,
      operation === 'share' || operation === 'redact' ? 'share' : 'write',
      target.header,
    );
    return target;
  }

  private completeChange(
    mutation: Mutation,
    target: PendingAtome | undefined,
    restored: WriteRequest['restored'],
  ): ReadyMutation {
    if (mutation.operation === 'redact') {
      if (!target) throw new AtomeError('not_found', `there is no atome "${mutation.atomeId}"`);
      return {
        ...mutation,
        changes: tombstoneOf(
          target.state,
          accessColumns(target.state, target.audience).access === null ? undefined : target.audience,
        ),
      };
    }
    if (mutation.operation !== 'restore') return mutation;
    if (target && isRedacted(target.state)) throw redacted(target.state);
    if (restored instanceof Error) throw restored;
    const { version } = mutation.changes;
    if (restored) return { ...mutation, changes: { version, ...contentOf(restored) } };
    throw new AtomeError(
      'not_found',
      target
        ? `the atome "${mutation.atomeId}" has no version ${version}; it has 1 to ${target.state.version}`
        : `there is no atome "${mutation.atomeId}"; nothing can be restored`,
    );
  }

  /** The client's stamp within bounds; without one, a stamp newer than all that the write meets. */
  private stampFor({ hlc }: Mutation, state: AtomeState | undefined): string {
    if (hlc !== null) {
      const clamped = clampHlc(hlc, this.nowMs);
      this.clock.observe(clamped);
      return clamped;
    }
    if (state) Object.values(state.clocks).forEach((seen) => this.clock.observe(seen));
    return this.clock.tick();
  }

  private noop(mutation: Mutation, target: PendingAtome, { id: author }: Principal): Outcome {
    const { atomeId, operation, opId } = mutation;
    const { seq, state } = target;
    if (opId !== null) {
      const changes = JSON.stringify(mutation.changes);
      this.remember({ opId, atomeId, operation, changes, seq, version: state.version, author }, true);
    }
    const { epoch } = this.head;
    return { outcome: 'noop', epoch, atomeId, seq, version: state.version, atome: withoutClocks(state) };
  }

  private replayCreation(
    { atomeId, operation, changes, seq, version }: AlterationRow,
    { opId }: Mutation,
    { id: author }: Principal,
  ): Outcome {
    if (opId !== null) this.remember({ opId, atomeId, operation, changes, seq, version, author }, true);
    return { outcome: 'duplicate', epoch: this.head.epoch, atomeId, seq, version, superseded: [], altered: false };
  }

  private apply(
    { opId, atomeId, reason, operation, changes }: ReadyMutation,
    target: PendingAtome | undefined,
    hlc: string,
    superseded: readonly string[],
    { principal, sourceClient }: WriteOrigin,
  ): Outcome {
    const author = principal.id;
    const { seq, version, timestamp } = this.nextPosition(target);
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
    const state = fold(target?.state ?? null, alteration);
    assertResultAllowed(this.rules, principal, target?.state, state);
    const propagates = target && !sameRights(target.state, state);
    // before anything is added: a refusal leaves no trace
    if (propagates) this.inheritance.assertCopiesFit(state);
    const committed = this.add(alteration, state, target);
    if (propagates) this.propagate(atomeId, author);
    return { outcome: 'applied', epoch: this.head.epoch, committed, previous: target?.state ?? null };
  }

  /** Propagates a new access to all descendants, each in an alteration of its own. */
  private propagate(from: string, author: string): void {
    for (const { id, inherited } of this.inheritance.descendantsOf(from)) {
      const target = this.pending.get(id)!;
      const change = { operation: 'share', changes: { access: 'inherit', inherited } } as const;
      const by = { reason: `inherited from ${from}`, author, sourceClient: null, opId: null };
      const fields = { atomeId: id, ...change, ...by, hlc: this.clock.tick(), superseded: [] };
      const alteration: AlterationBody = { ...fields, ...this.nextPosition(target) };
      // the write that changed the parent has been let in
      this.add(alteration, fold(target.state, alteration), target, true);
    }
  }

  private nextPosition(target: PendingAtome | undefined): Pick<AlterationBody, 'seq' | 'version' | 'timestamp'> {
    return { seq: this.head.seq + 1, version: (target?.state.version ?? 0) + 1, timestamp: this.timestamp() };
  }

  private add(
    alteration: AlterationBody,
    state: AtomeState,
    target: PendingAtome | undefined,
    isPropagated = false,
  ): Committed {
    const { row, stored, atome, next } = appendEntry(this.head, alteration, state, target);
    // who sees it does not make it larger, and a right must be taken away also from what an earlier limit let in
    if (alteration.operation !== 'share') this.requireSize(row.atomeId, next.size);
    if (!isPropagated && !freesSpace(alteration)) assertWithinQuotas(this.quotas, this.head, stored);
    const { hash, prevHash, size, seq, timestamp, opId } = row;
    const { atomes, bytes } = stored;
    this.head = { epoch: this.head.epoch, seq, hash, timestamp, atomes, bytes };
    this.pending.set(row.atomeId, next);
    this.atomeRows.set(row.atomeId, atome);
    this.alterations.push(row);
    if (row.version === 1) this.firstAlterations.set(row.atomeId, row);
    if (opId !== null) this.remember(row as AlterationRow & { opId: string }, false);
    if (alteration.operation === 'redact') this.erased.push({ atomeId: row.atomeId, version: row.version });
    const before = target ? headerOfAtome(target.state) : null;
    const committed = { alteration, prevHash, hash, size, atome: withoutClocks(state), before };
    this.committed.push(committed);
    return committed;
  }

  /** Never earlier than the last alteration, so that order by time is order by seq. */
  private timestamp(): string {
    return this.nowIso > this.head.timestamp ? this.nowIso : this.head.timestamp;
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
