import type { DataSource, EntityManager } from 'typeorm';
import type {
  AlterationRow,
  AtomeRow,
  HeadRow,
  DeltaRow,
  AtomeHeaderRow,
  PartialAtomeRow,
  ReadPartialRow,
  ReadAtomeRow,
  FloorRow,
  IdempotencyRecord,
  PropagationRow,
} from './rows.js';
import type { SharedClock } from '../database/shared-clock.js';
import type { FieldIndexes } from './field-indexes.js';
import type { ListQuery, Total } from './list-query.js';
import type { OwnedPage, AuditQuery, AuditRow, SeqRange } from './audit-trail.js';
import type { Compaction, LedgerBases } from './bases.js';

export * from './list-query.js';

/** Injection token of the {@link LedgerStore}. */
export const LEDGER_STORE = Symbol('LedgerStore');

/** What a write is called: an opId is its author's own. */
export type WriteName = Pick<IdempotencyRecord, 'opId' | 'author'>;

/** Everything that a group may read or repeat. */
export interface TouchedKeys {
  readonly atomeIds: readonly string[];
  readonly ops: readonly WriteName[];
  /** Those of `atomeIds` that a `create` names. */
  readonly createIds?: readonly string[];
  /** Whether the document of an atome that is there may be needed; left out: that of each. */
  readonly isWanted?: (row: AtomeHeaderRow) => boolean;
  /** About how many bytes of large documents are read, one at least, in the order of `atomeIds`; left out: all. */
  readonly documentBytes?: number;
  /** Whether those above an atome that inherits are needed in any case; left out: only while a change is propagated. */
  readonly needsAncestors?: boolean;
  /** Of those of `atomeIds` that are there, the ids of the parents that are needed, too; left out: none. */
  readonly parentsAmong?: (atomes: readonly AtomeHeaderRow[]) => readonly string[];
  /** Of those that have been read, parents too, whose descendants are to be counted; left out: nobody's. */
  readonly countedAmong?: (atomes: readonly AtomeHeaderRow[]) => CountedDescendants;
}

/** Atomes whose descendants count, directly or through others. */
export interface CountedDescendants {
  /** Some are added that inherit from these: all count that inherit from the uppermost above them. */
  readonly adopters: readonly string[];
  /** The access of these changes: all count that inherit from them. */
  readonly changed: readonly string[];
}

/** Most atomes that may come to inherit from one, directly or through others. */
export const MAX_DESCENDANTS = 10_000;

/** Most of them that one principal may own who does not own the one that they are added to. */
export const MAX_DESCENDANTS_OF_ONE = 5_000;

/** What the ledger holds of it, read under the tenant's lock. */
export interface LockedState {
  readonly head: HeadRow;
  /** A large document that is not wanted is left out. */
  readonly atomes: readonly PartialAtomeRow[];
  readonly receipts: readonly IdempotencyRecord[];
  /** The first alteration of each atome that is there and among `createIds`. */
  readonly creations: readonly AlterationRow[];
  /** Parents that have been asked for, though there may be none; left out: none. */
  readonly parents?: readonly string[];
  /** Whose descendants have been counted; left out: nobody's. */
  readonly counted?: CountedDescendants;
  /** How many of them each principal owns, one more than {@link MAX_DESCENDANTS} in all at most. */
  readonly descendants?: ReadonlyMap<string, number>;
}

/** A change of an access that all who inherit it have to be told of. */
export interface StartedPropagation extends Omit<PropagationRow, 'afterId' | 'again'> {
  /** The atome has the same access as before: its descendants have to be told only if other changes have not arrived yet. */
  readonly onlyIfOthers: boolean;
}

/** How far a propagation has come; null: to its end. One that was begun anew since stays as it is. */
export interface PropagationProgress extends Pick<PropagationRow, 'parentId' | 'seq'> {
  readonly afterId: string | null;
}

/** The oldest propagation of a ledger, and the next of those who have to be told. */
export interface NextDescendants {
  readonly propagation: PropagationRow;
  /** In order of id: at most so many, and about so large, as was asked for. */
  readonly ids: readonly string[];
  /** Whether these are the last. */
  readonly isEnd: boolean;
}

/** The payloads of an atome's alterations and receipts before `version`, that of its `redact`, are erased. */
export interface Erasure {
  readonly atomeId: string;
  readonly version: number;
}

/** What a group adds. */
export interface Additions {
  readonly head: HeadRow;
  readonly alterations: readonly AlterationRow[];
  readonly atomes: readonly AtomeRow[];
  readonly receipts: readonly IdempotencyRecord[];
  /** Atomes that are redacted. */
  readonly erased?: readonly Erasure[];
  /** Changes of an access, of atomes that others may inherit from. */
  readonly propagations?: readonly StartedPropagation[];
  readonly progress?: PropagationProgress;
  readonly compaction?: Compaction;
}

/** A range of the ledger and how much of it: `after < seq ≤ upTo`, at most `limit` rows and about `chars` beyond the first. */
export interface SeqPage extends SeqRange {
  readonly limit: number;
  readonly chars: number;
  /** As that of a scan. */
  readonly isPast?: boolean | undefined;
}

/** Atomes in order of id: at most `limit`, and at most about `bytes` beyond the first. */
export interface IdPage {
  readonly after: string;
  /** Of these kinds only; left out: of all. */
  readonly kinds?: readonly string[] | undefined;
  readonly limit: number;
  readonly bytes?: number | undefined;
  /** With the clocks of their keys. */
  readonly isWhole?: boolean;
}

/** Versions of one atome, both ends included. */
export interface VersionRange {
  readonly from: number;
  readonly to: number;
}

/** Where a ledger stands, and the one way to add to it. */
export interface LedgerWrites {
  /** The head; undefined when the tenant has no ledger. */
  head(): Promise<HeadRow | undefined>;
  /** The head of the ledger, which is made when there is none. */
  open(): Promise<HeadRow>;
  commit<P extends Planned>(touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P>;
  /** What has to be propagated next: at most `limit` atomes, and about `bytes` beyond the first; undefined when nothing has. */
  nextDescendants(limit: number, bytes: number): Promise<NextDescendants | undefined>;
}

/** What a plan has decided. */
export interface Planned {
  /** null: nothing is written. */
  readonly additions: Additions | null;
  /** Nothing is committed of the transaction of an application's that this is a part of. */
  readonly isRefused?: boolean;
}

/** A transaction on a connection of the application's, which writes rows of its own there. */
export interface JoinedTransaction {
  /** What the application writes through. */
  readonly manager: EntityManager;
  /** Nobody else writes anything meanwhile: what is written with it may not wait behind others. */
  readonly isExclusive: boolean;
  readonly isCommitted: boolean;
  /** Takes no more statements of the application. @throws Error unless it is as it was begun. */
  seal(): Promise<void>;
  /** As that of {@link LedgerWrites}, with what the application has written. What is refused may be tried once more. */
  commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P>;
  /** Gives the connection back, as it was. What is not committed is rolled back. */
  end(): Promise<void>;
}

/** What a search has found. */
export interface SearchPage {
  readonly rows: AtomeRow[];
  /** Where it has ended before the end of the list, though the page may not be full. */
  readonly end?: AtomeRow | undefined;
}

/** The atomes as they are now. Of their clocks only those of an erased atome are read, which tell that it is one. */
export interface LedgerAtomes {
  /**
   * @param check is asked before a large document is read, and again of what was read: what it throws is thrown.
   * @param isWhole with the clocks of its keys.
   */
  get(id: string, check?: (row: AtomeHeaderRow) => void, isWhole?: boolean): Promise<ReadAtomeRow | undefined>;
  /** As {@link get}, without a large document. */
  partial(id: string): Promise<ReadPartialRow | undefined>;
  /** The atomes of those ids that are there, in any order. */
  some(ids: readonly string[]): Promise<AtomeRow[]>;
  /** Where the atomes of those ids stand, those that are there, in any order. */
  headers(ids: readonly string[]): Promise<AtomeHeaderRow[]>;
  after(page: IdPage): Promise<AtomeRow[]>;
}

/** Lists of atomes, and how long they are. */
export interface LedgerQueries {
  /** At most `limit`, and at most about `bytes` beyond the first. */
  list(query: ListQuery, bytes?: number): Promise<AtomeRow[]>;
  /** As `list`, of a search: where no index helps, so much is looked through as takes a moment. */
  search(query: ListQuery, bytes?: number): Promise<SearchPage>;
  count(query: ListQuery): Promise<number>;
  /** As `count`, but only among the `most` newest of those that an index has together; 0 where more may be there that are hidden. */
  countNewest(query: ListQuery, most: number): Promise<Total>;
}

/** What has been written, in order. */
export interface LedgerAlterations {
  page(page: SeqPage): Promise<AlterationRow[]>;
  /** As `page`, but only the newest of each atome. One in an archive says what its atome is, not what was done, and has no prevHash. */
  newest(page: SeqPage): Promise<AlterationRow[]>;
  version(atomeId: string, version: number): Promise<AlterationRow | undefined>;
  /** Oldest first. */
  versions(atomeId: string, range: VersionRange): Promise<AlterationRow[]>;
  /** Newest first, at most about `bytes` beyond the first. */
  history(atomeId: string, range: VersionRange & { readonly bytes: number }): Promise<AlterationRow[]>;
  /** The version of an atome at the floor, below which its history is in archives; 0: all of it is here. */
  archived(atomeId: string): Promise<number>;
  /** For each atome and version: the rows from its base to that version, oldest first. */
  deltaChain(wanted: readonly (readonly [id: string, version: number])[]): Promise<DeltaRow[]>;
}

/** Who wrote what and when, and that nobody has changed it since. */
export interface LedgerAudit {
  /** Alterations of a range without their payloads, in order of seq. The whole range is read: keep it short. */
  rows(query: AuditQuery): Promise<AuditRow[]>;
  /** Atomes of one owner among the next thousand behind an id. */
  owned(ownerId: string, after: string): Promise<OwnedPage>;
  /** What is kept beside atomes and alterations behind a seq, in bytes: receipts, bases, and alterations that have still to go. */
  otherBytes(floor: number): Promise<number>;
  /** Chain hash at a seq from 1 up; undefined beyond the head, and for most below the floor. */
  hashAt(seq: number): Promise<string | undefined>;
  /** Where the history begins; undefined: at the first alteration. */
  floor(): Promise<FloorRow | undefined>;
}

/** The ledger of one tenant. Nothing of another tenant can be reached through it. */
export interface TenantLedger {
  readonly tenant: string;
  readonly write: LedgerWrites;
  readonly atomes: LedgerAtomes;
  readonly queries: LedgerQueries;
  readonly alterations: LedgerAlterations;
  readonly audit: LedgerAudit;
  readonly bases: LedgerBases;
}

/**
 * The database under the ledger. Every store passes the conformance suite in `test/conformance`.
 *
 * - `commit` runs alone for its tenant, across processes, from the reading of the head to the end of the
 *   transaction; `plan` is called synchronously, and may not wait for anything. It may have been called before, with a state that
 *   has turned out not to be that: then what it decided there is as if it had not been.
 * - As long as there are propagations, atomes that inherit are read with those above them, and a list restricted to readers
 *   has only those that these may read by the rights of those above, too.
 * - `commit` resolves when the additions are durable, and rejects when they may not be: none or all are there.
 * - A read sees only what is committed, and all of what was committed before it began.
 * - A full disk is an AtomeError `storage_full`. Every other error is `unavailable`, unless it is known that the statement
 *   or the program is to blame.
 */
export interface LedgerStore {
  readonly kind: 'sqlite' | 'postgres';
  /** By which all servers of the database go. */
  readonly clock: SharedClock;
  /** Which lists an index finds that are about fields. */
  readonly fields: FieldIndexes;
  /** Why what answers reads beside the database does not, which then answers them itself; undefined while all is well. */
  readonly readFault?: string | undefined;
  /** Why nothing can be written for now, though all else goes on, in a sentence for callers; undefined while all is well. */
  readonly writeFault?: string | undefined;
  /** Costs nothing, whether or not there is such a ledger. */
  ledger(tenant: string): TenantLedger;
  /** The heads of those tenants that have a ledger. */
  heads(tenants: readonly string[]): Promise<Map<string, HeadRow>>;
  tenants(): Promise<string[]>;
  /** Those in whose ledger something has still to be propagated. */
  propagating(): Promise<string[]>;
  /**
   * Begins a transaction on a connection of the application's to the same database. Where only one may write at a time,
   * tenants take turns.
   * @throws Error where it is another, or may not write to the tables.
   */
  join(dataSource: DataSource, tenant: string): Promise<JoinedTransaction>;
  /** Overwrites what the database itself still keeps of erased payloads; `whole`: rewrites all of it, which takes its time. */
  scrub(whole?: boolean): Promise<void>;
  /** Asks for all that a write needs, and writes nothing. Rejects when a write is not possible. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
