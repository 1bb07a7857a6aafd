import type { AlterationBody, Atome, AtomeState, Mutation } from '../../protocol/index.js';
import type { LedgerEntry } from './append-entry.js';
import { pendingOf, type PendingAtome } from './pending-atome.js';
import { keptOfAsked } from './idempotency.js';
import { KnownWrites } from './known-writes.js';
import { KindTotals } from '../kind-totals.js';
import type { Position } from '../new-alteration.js';
import { headerOfAtome, type Committed } from '../outcome.js';
import { receiptBytes } from '../row-bytes.js';
import type { StoredTotals } from './quotas.js';
import type { AlterationRow, AtomeRow, HeadRow, IdempotencyRecord } from '../rows.js';
import type { Additions, Erasure, LockedState, PropagationProgress, StartedPropagation } from '../store.js';

/** What a group adds to the ledger, in the order of its writes. */
class Added {
  readonly alterations: AlterationRow[] = [];
  readonly receipts: IdempotencyRecord[] = [];
  readonly erased: Erasure[] = [];
  readonly propagations: StartedPropagation[] = [];
  progress: PropagationProgress | undefined;
  readonly committed: Committed[] = [];
  readonly atomes = new Map<string, AtomeRow>();
  /** How many have come to inherit. */
  inheriting = 0;
}

/** The ledger as the writes of a group meet it, each after those before it: all that a decision changes is in here. */
export class GroupState {
  private current: HeadRow;
  private readonly pending = new Map<string, PendingAtome>();
  readonly known: KnownWrites;
  private readonly added = new Added();
  private readonly timestamp: string;
  /** Read when an atome is the first to change its kind or its end. */
  private kinds: KindTotals | undefined;

  /** @param now when the group is decided, in milliseconds since 1970. */
  constructor(
    private readonly before: LockedState,
    readonly now: number,
  ) {
    this.current = before.head;
    this.timestamp = new Date(now).toISOString();
    this.known = new KnownWrites(before);
    for (const row of before.atomes) this.pending.set(row.id, pendingOf(row));
  }

  get head(): HeadRow {
    return this.current;
  }

  /** How many of its atomes have come to inherit. */
  get inheriting(): number {
    return this.added.inheriting;
  }

  get committed(): readonly Committed[] {
    return this.added.committed;
  }

  atome(id: string): PendingAtome | undefined {
    return this.pending.get(id);
  }

  /** Whether an atome was there before the group. */
  wasThere(id: string): boolean {
    const atome = this.pending.get(id);
    return atome !== undefined && atome.row.createdSeq <= this.before.head.seq;
  }

  /** Has all who inherit from an atome be told what they inherit. */
  propagate(started: StartedPropagation): void {
    this.added.propagations.push(started);
  }

  /** Notes how far a propagation has come. */
  advance(progress: PropagationProgress): void {
    this.added.progress = progress;
  }

  /** Where the next alteration of an atome comes to stand: never earlier than the last, so that order by time is order by seq. */
  nextPosition(atomeId: string, target: PendingAtome | undefined): Position {
    const { seq, timestamp: last } = this.current;
    const timestamp = this.timestamp > last ? this.timestamp : last;
    return { seq: seq + 1, atomeId, version: (target?.row.version ?? 0) + 1, timestamp };
  }

  /**
   * Notes the answer to a write that adds no alteration, when it has an opId.
   * @param check is asked before, with what is stored then.
   */
  remember(
    mutation: Mutation,
    { seq, version, author }: Pick<AlterationRow, 'seq' | 'version' | 'author'>,
    check: (after: StoredTotals) => void,
  ): void {
    const { opId, atomeId, operation } = mutation;
    if (opId === null) return;
    const answer = { seq, version, author, superseded: null, timestamp: this.timestamp };
    const record = { opId, atomeId, operation, changes: keptOfAsked(mutation), ...answer };
    const { epoch, seq: last, hash, timestamp, atomes, bytes, kinds } = this.current;
    const next = { epoch, seq: last, hash, timestamp, atomes, bytes: bytes + receiptBytes(record), kinds };
    check(next);
    this.current = next;
    this.known.record(record);
    this.added.receipts.push(record);
  }

  add(
    alteration: AlterationBody,
    state: AtomeState,
    target: PendingAtome | undefined,
    { row, atome, next, stored }: LedgerEntry,
  ): Committed {
    const { hash, prevHash, size, seq, timestamp, opId, atomeId, version } = row;
    const { atomes, bytes } = stored;
    const { added } = this;
    const { epoch, kinds } = this.current;
    this.current = { epoch, seq, hash, timestamp, atomes, bytes, kinds };
    const previous = target?.shown ?? null;
    this.count(previous, state);
    this.pending.set(atomeId, next);
    added.atomes.set(atomeId, atome);
    added.alterations.push(row);
    if (state.access === 'inherit' && target?.header.access !== 'inherit') added.inheriting += 1;
    if (version === 1) this.known.created(row);
    if (opId !== null) this.known.record(row as AlterationRow & { opId: string });
    if (alteration.operation === 'redact') added.erased.push({ atomeId, version });
    const before = previous && headerOfAtome(previous);
    const previousSize = target?.row.size ?? 0;
    const texts = { data: atome.data, meta: atome.meta, changes: row.changes };
    const committed = { alteration, prevHash, hash, size, atome: next.shown, texts, before, previous, previousSize };
    added.committed.push(committed);
    return committed;
  }

  /** Counts an atome among its kind; most writes leave it where it is. */
  private count(before: Atome | null, after: Atome): void {
    const isDeleted = after.deletedAt !== null;
    const wasDeleted = before?.deletedAt !== null;
    if (before?.kind === after.kind && wasDeleted === isDeleted) return;
    const kinds = (this.kinds ??= new KindTotals(this.current.kinds));
    if (before) kinds.add(before.kind, wasDeleted, -1);
    kinds.add(after.kind, isDeleted, 1);
  }

  /** null when nothing is to be written. */
  additions(): Additions | null {
    const { alterations, receipts, atomes, erased, propagations, progress } = this.added;
    if (alterations.length === 0 && receipts.length === 0 && !progress) return null;
    const added = { alterations, receipts, atomes: [...atomes.values()], erased, propagations };
    const head = this.kinds ? { ...this.current, kinds: this.kinds.text } : this.current;
    return { head, ...added, ...(progress && { progress }) };
  }
}
