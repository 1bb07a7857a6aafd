import {
  AtomeError,
  clampHlc,
  contentOf,
  decide,
  equalJson,
  fold,
  isRedacted,
  redacted,
  remainsOf,
  type AlterationBody,
  type Atome,
  type AtomeState,
  type Content,
  type HybridClock,
  type Limits,
  type Mutation,
  type ReadyMutation,
} from '../protocol/index.js';
import { chainHash, newSalt, payloadDigest } from './chain.js';
import { weightOf } from './lineage.js';
import {
  snapshotText,
  stateOf,
  withoutClocks,
  type AlterationRow,
  type AtomeRow,
  type HeadRow,
  type ReceiptRow,
} from './rows.js';
import type { Additions, Before } from './store.js';

/* One group of writes, decided in memory between the reading of the state and the inserts. */

/** Who writes, and through which connection. */
export interface WriteOrigin {
  readonly author: string;
  readonly sourceClient: string | null;
}

export interface WriteRequest {
  readonly mutation: Mutation;
  readonly origin: WriteOrigin;
  /** The state that a `restore` goes back to, looked up beforehand: history never changes. Or why it was not found. */
  readonly restored?: Content | Error | undefined;
}

/** Where an atome stands for filters. */
export type Placement = Pick<Atome, 'id' | 'kind' | 'type' | 'parentId'>;

export function placementOf({ id, kind, type, parentId }: Placement): Placement {
  return { id, kind, type, parentId };
}

/** One alteration with all that readers may need to know of it. */
export interface Committed {
  readonly alteration: AlterationBody;
  readonly prevHash: string;
  readonly hash: string;
  /** About how many characters its event takes. */
  readonly size: number;
  /** The state after it. */
  readonly atome: Atome;
  /** Where the atome stood before it; null for a new one. */
  readonly before: Placement | null;
  /** Its payload has been erased: readers get nothing of it. */
  readonly erased?: true;
}

/** What came of one write. */
export type Outcome =
  | { readonly outcome: 'applied'; readonly committed: Committed }
  /** It would change nothing: `seq` and `version` are those of the atome as it is. */
  | {
      readonly outcome: 'noop';
      readonly atomeId: string;
      readonly seq: number;
      readonly version: number;
      readonly atome: Atome;
    }
  /** Its opId is known: this is what the first was answered. */
  | {
      readonly outcome: 'duplicate';
      readonly atomeId: string;
      readonly seq: number;
      readonly version: number;
      readonly superseded: readonly string[];
      /** False when the first was a no-op. */
      readonly altered: boolean;
    };

export interface GroupPlan {
  /** In the order of the requests. */
  readonly outcomes: readonly (Outcome | AtomeError)[];
  readonly committed: readonly Committed[];
  /** null when nothing is to be written. */
  readonly additions: Additions | null;
}

/** A snapshot is due once the rows since the last one outweigh the document, but not for a handful of them. */
const MIN_SNAPSHOT_CHARS = 4_096;

interface Working {
  readonly state: AtomeState;
  readonly seq: number;
  readonly createdSeq: number;
  readonly base: number;
  readonly weight: number;
}

/** Decides the writes of a group one after the other; a refused one leaves no trace. */
export class GroupPlanner {
  private head: HeadRow;
  private readonly working = new Map<string, Working>();
  private readonly atomeRows = new Map<string, AtomeRow>();
  private readonly known = new Map<string, ReceiptRow>();
  private readonly alterations: AlterationRow[] = [];
  private readonly receipts: ReceiptRow[] = [];
  private readonly committed: Committed[] = [];
  private readonly erased: string[] = [];

  constructor(
    before: Before,
    private readonly clock: HybridClock,
    private readonly limits: Limits,
    private readonly nowMs: number,
  ) {
    this.head = before.head;
    for (const row of before.receipts) this.known.set(row.opId, row);
    for (const row of before.atomes) {
      const { seq, createdSeq, base, weight } = row;
      this.working.set(row.id, { state: stateOf(row), seq, createdSeq, base, weight });
    }
  }

  plan(requests: readonly WriteRequest[]): GroupPlan {
    const outcomes = requests.map((request) => this.attempt(request));
    const { head, alterations, receipts, committed, erased } = this;
    const changed = alterations.length > 0 || receipts.length > 0;
    return {
      outcomes,
      committed,
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
    const first = mutation.opId === null ? undefined : this.known.get(mutation.opId);
    if (first) return repeat(first, mutation);
    const now = this.working.get(mutation.atomeId);
    const ready = this.ready(mutation, now, restored);
    const hlc = this.stamp(mutation, now?.state);
    const decision = decide(now?.state ?? null, ready, hlc, this.limits);
    if (decision.outcome === 'noop') return this.noop(mutation, now!);
    return this.apply(ready, now, hlc, decision.superseded, origin);
  }

  private ready(mutation: Mutation, now: Working | undefined, restored: WriteRequest['restored']): ReadyMutation {
    if (mutation.operation === 'redact') {
      const { ownerId } = mutation.changes;
      if (!now) throw new AtomeError('not_found', `there is no atome "${mutation.atomeId}"`);
      if (ownerId !== undefined && ownerId !== now.state.ownerId) {
        throw new AtomeError('forbidden', 'only its owner, or an admin, may erase an atome');
      }
      return { ...mutation, changes: remainsOf(now.state) };
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

  private noop(mutation: Mutation, now: Working): Outcome {
    const { atomeId, operation, opId } = mutation;
    const { seq, state } = now;
    if (opId !== null) {
      const changes = JSON.stringify(mutation.changes);
      this.remember({ opId, atomeId, operation, changes, seq, version: state.version }, true);
    }
    return { outcome: 'noop', atomeId, seq, version: state.version, atome: withoutClocks(state) };
  }

  private apply(
    { opId, atomeId, freshId: _freshId, reason, baseVersion: _baseVersion, hlc: _hlc, ...change }: ReadyMutation,
    now: Working | undefined,
    hlc: string,
    superseded: readonly string[],
    origin: WriteOrigin,
  ): Outcome {
    const seq = this.head.seq + 1;
    const version = (now?.state.version ?? 0) + 1;
    const timestamp = this.timestamp();
    const alteration: AlterationBody = {
      seq,
      atomeId,
      version,
      ...change,
      reason,
      ...origin,
      opId,
      hlc,
      timestamp,
      superseded,
    };
    const state = fold(now?.state ?? null, alteration);
    const row = this.chain(alteration, state, now);
    const { hash, prevHash, size } = row;
    this.head = { ...this.head, seq, hash, timestamp };
    this.alterations.push(row);
    if (opId !== null) this.remember({ ...row, opId }, false);
    if (change.operation === 'redact') this.erased.push(atomeId);
    const before = now ? placementOf(now.state) : null;
    const committed: Committed = { alteration, prevHash, hash, size, atome: withoutClocks(state), before };
    this.committed.push(committed);
    return { outcome: 'applied', committed };
  }

  /** Never earlier than the last alteration, so that order by time is order by seq. */
  private timestamp(): string {
    const now = new Date(this.nowMs).toISOString();
    return now > this.head.timestamp ? now : this.head.timestamp;
  }

  /** The rows of an alteration: its own, linked to the chain, and that of its atome. */
  private chain(alteration: AlterationBody, state: AtomeState, now: Working | undefined): AlterationRow {
    const { seq, atomeId, version, operation, reason, author, sourceClient, opId, hlc, timestamp } = alteration;
    const changes = JSON.stringify(alteration.changes);
    const data = JSON.stringify(state.data);
    const meta = JSON.stringify(state.meta);
    const document = data.length + meta.length;
    this.requireSize(atomeId, data, meta);
    const weight = now ? now.weight + weightOf(changes) : 0;
    const isLast = alteration.operation === 'redact';
    const whole = !now || isLast || weight > Math.max(document, MIN_SNAPSHOT_CHARS);
    const base = whole ? version : now.base;
    const body = {
      seq,
      atomeId,
      version,
      operation,
      changes,
      reason,
      author,
      sourceClient,
      opId,
      hlc,
      timestamp,
      base,
      superseded: JSON.stringify(alteration.superseded),
      size: document + changes.length,
      snapshot: whole && now && !isLast ? snapshotText(state, data, meta) : null,
      salt: newSalt(),
    };
    const digest = payloadDigest(body);
    const next = { state, seq, createdSeq: now?.createdSeq ?? seq, base, weight: whole ? 0 : weight };
    this.working.set(atomeId, next);
    this.atomeRows.set(atomeId, { ...state, ...next, data, meta, clocks: JSON.stringify(state.clocks) });
    return { ...body, digest, prevHash: this.head.hash, hash: chainHash(this.head.hash, body, digest) };
  }

  private requireSize(atomeId: string, data: string, meta: string): void {
    const bytes = Buffer.byteLength(data) + Buffer.byteLength(meta);
    if (bytes > this.limits.messageBytes) {
      throw new AtomeError(
        'too_large',
        `the atome "${atomeId}" would take ${bytes} bytes, and ${this.limits.messageBytes} are allowed; split it into several`,
      );
    }
  }

  private remember(row: ReceiptRow, noop: boolean): void {
    this.known.set(row.opId, row);
    if (noop) this.receipts.push(row);
  }
}

/** The first answer to an opId. @throws AtomeError `op_reused` when this is another write under its name. */
function repeat(first: ReceiptRow, mutation: Mutation): Outcome {
  // a create without an id was given one by the server, another each time
  const sameAtome = first.atomeId === mutation.atomeId || mutation.freshId === true;
  const changes: unknown = JSON.parse(first.changes);
  const same =
    // what was erased cannot be compared any more; and an atome is erased in one way only
    changes === null || mutation.operation === 'redact'
      ? true
      : mutation.operation === 'restore'
        ? (changes as { version?: unknown }).version === mutation.changes.version
        : equalJson(changes, mutation.changes);
  if (first.operation !== mutation.operation || !sameAtome || !same) {
    throw new AtomeError(
      'op_reused',
      `the opId "${first.opId}" belongs to another write; use a fresh one for each write`,
    );
  }
  const { atomeId, seq, version, superseded } = first;
  return {
    outcome: 'duplicate',
    atomeId,
    seq,
    version,
    superseded: superseded == null ? [] : (JSON.parse(superseded) as string[]),
    altered: superseded != null,
  };
}
