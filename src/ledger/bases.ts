import type { SeqRange } from './audit-trail.js';
import type { BaseRow, FloorRow, IdempotencyRecord } from './rows.js';

/** Which lease, and whose it is. */
export interface LeaseName {
  readonly name: string;
  readonly owner: string;
}

/** A step of a compaction: see `ledger/compaction`. The bytes of the head follow all of it but `settles`. */
export interface Compaction {
  /** Added to the bases; one of an atome that was erased meanwhile is erased, too. */
  readonly bases?: readonly BaseRow[];
  /** Seqs of bases that go, but for those that tell a state at the floor that is set. */
  readonly replaces?: readonly number[];
  /** Set where it is still behind the one that it names as the one before. */
  readonly floor?: FloorRow;
  /** What the floor is not set without. */
  readonly lease?: LeaseName;
  /** Alterations that go. */
  readonly drops?: SeqRange;
  /** Receipts that say what came of their writes from now on. */
  readonly settles?: readonly Pick<IdempotencyRecord, 'author' | 'opId' | 'superseded'>[];
  /** Receipts that are forgotten: so many at most of those that are older, the oldest first. */
  readonly forgets?: { readonly before: string; readonly limit: number };
}

/** The states at the floor, and what of them is being made for another. */
export interface LedgerBases {
  /** Seq of the newest, up to which they have been made; 0 where there is none. */
  newest(): Promise<number>;
  /** That of an atome which is the newest at or before a version. */
  of(atomeId: string, version: number): Promise<BaseRow | undefined>;
  /** That of an atome which is the newest up to a seq. */
  at(atomeId: string, seq: number): Promise<BaseRow | undefined>;
  /** The newest of each atome among those up to a seq, in order of seq, without what can be large. */
  digests(page: SeqRange & { readonly limit: number }): Promise<BaseDigest[]>;
  /** Seqs of those that are the newest of no atome among those up to a seq. */
  replaced(upTo: number, limit: number): Promise<number[]>;
}

/** What the digest of all states is made of. */
export type BaseDigest = Omit<BaseRow, 'snapshot' | 'rest' | 'salt'>;
