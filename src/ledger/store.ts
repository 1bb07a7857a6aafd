import type {
  AlterationRow,
  AtomeRow,
  HeadRow,
  DeltaRow,
  AtomeHeaderRow,
  PartialAtomeRow,
  ReadAtomeRow,
  IdempotencyRecord,
} from './rows.js';
import type { OwnedPage, AuditQuery, AuditRow } from './audit-trail.js';

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
  /** Whose parents and heirs may be needed, too. */
  readonly inheritanceRoots?: InheritanceRoots;
}

/** Atomes whose rights may change, and with them those of all that inherit from them. */
export interface InheritanceRoots {
  readonly shared: readonly string[];
  /** These count only if they inherit themselves. */
  readonly moved: readonly string[];
}

/** Most atomes that one group may have to change because they inherit. */
export const MAX_DESCENDANTS = 10_000;

/** What the ledger holds of it, read under the tenant's lock. */
export interface LockedState {
  readonly head: HeadRow;
  /** A large document that is not wanted is left out. */
  readonly atomes: readonly PartialAtomeRow[];
  readonly receipts: readonly IdempotencyRecord[];
  /** The first alteration of each atome that is there and among `createIds`. */
  readonly creations: readonly AlterationRow[];
  /** There are more heirs than {@link MAX_DESCENDANTS}: they are not all here. */
  readonly isIncomplete?: boolean;
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
}

export const SORT_KEYS = ['updatedAt', 'createdAt', 'id', 'kind', 'type', 'version'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Restricts a list to what a principal may read. */
export interface VisibilityFilter {
  /** One of these must be among an atome's readers, unless everybody is. */
  readonly names: readonly string[];
  readonly exceptKinds: readonly string[];
}

/** Which atomes, in which order. */
export interface ListQuery {
  readonly kind?: string | undefined;
  readonly type?: string | undefined;
  /** null: those without a parent. */
  readonly parentId?: string | null | undefined;
  /** Text that `data` must contain, ignoring case. */
  readonly search?: string | undefined;
  readonly includeDeleted: boolean;
  readonly sortBy: SortKey;
  readonly sortOrder: 'asc' | 'desc';
  /** Only what these may read, by the rights of each atome and by its kind; left out: everything. */
  readonly visibleTo?: VisibilityFilter | undefined;
  readonly limit: number;
  readonly offset: number;
  /** Continue behind this place in the order (keyset); `offset` then counts from there. */
  readonly after?: { readonly value: string | number | null; readonly id: string } | undefined;
}

/**
 * The database under the ledger. Every store passes the conformance suite in `test/conformance`.
 *
 * - `commit` runs alone for its tenant, across processes, from the reading of the head to the end of the
 *   transaction; `plan` is called once, synchronously, and may not wait for anything.
 * - `commit` resolves when the additions are durable, and rejects when they may not be: none or all are there.
 * - A read sees only what is committed, and all of what was committed before it began.
 * - A full disk is an AtomeError `storage_full`. Every other error is `unavailable`, unless it is known that the statement
 *   or the program is to blame.
 */
export interface LedgerStore {
  readonly kind: 'sqlite' | 'postgres';
  /** The head of a tenant's ledger, which is made when there is none. */
  open(tenant: string): Promise<HeadRow>;
  commit<P extends { readonly additions: Additions | null }>(
    tenant: string,
    touched: TouchedKeys,
    plan: (before: LockedState) => P,
  ): Promise<P>;
  /** undefined when the tenant has no ledger. */
  head(tenant: string): Promise<HeadRow | undefined>;
  /** The heads of those tenants that have a ledger. */
  heads(tenants: readonly string[]): Promise<Map<string, HeadRow>>;
  tenants(): Promise<string[]>;
  /** @param check is asked before a large document is read, and again of what was read: what it throws is thrown. */
  atome(tenant: string, id: string, check?: (row: AtomeHeaderRow) => void): Promise<ReadAtomeRow | undefined>;
  /** The atomes of those ids that are there, in any order. */
  atomes(tenant: string, ids: readonly string[]): Promise<AtomeRow[]>;
  /** Where the atomes of those ids stand, those that are there, in any order. */
  headers(tenant: string, ids: readonly string[]): Promise<AtomeHeaderRow[]>;
  /** At most `limit`, and, here and below, at most about `bytes` beyond the first. */
  list(tenant: string, query: ListQuery, bytes?: number): Promise<AtomeRow[]>;
  count(tenant: string, query: ListQuery): Promise<number>;
  /** Atomes in order of id, behind `after`. */
  atomesAfter(
    tenant: string,
    after: string,
    kinds: readonly string[] | undefined,
    limit: number,
    bytes?: number,
  ): Promise<AtomeRow[]>;
  /** Alterations with `after < seq ≤ upTo`, in order: at most `limit`, and at most about `chars` beyond the first. */
  alterations(tenant: string, after: number, upTo: number, limit: number, chars: number): Promise<AlterationRow[]>;
  /** As `alterations`, but only the newest of each atome. */
  newest(tenant: string, after: number, upTo: number, limit: number, chars: number): Promise<AlterationRow[]>;
  alteration(tenant: string, atomeId: string, version: number): Promise<AlterationRow | undefined>;
  /** Versions `from` to `to` of one atome, oldest first. */
  versions(tenant: string, atomeId: string, from: number, to: number): Promise<AlterationRow[]>;
  /** Versions `from` to `to` of one atome, newest first. */
  history(tenant: string, atomeId: string, from: number, to: number, bytes: number): Promise<AlterationRow[]>;
  /** For each atome and version: the rows from its base to that version, oldest first. */
  deltaChain(tenant: string, wanted: readonly (readonly [id: string, version: number])[]): Promise<DeltaRow[]>;
  /** Alterations of a range without their payloads, in order of seq. The whole range is read: keep it short. */
  auditRows(tenant: string, query: AuditQuery): Promise<AuditRow[]>;
  /** Atomes of one owner among the next thousand behind an id. */
  owned(tenant: string, ownerId: string, after: string): Promise<OwnedPage>;
  /** Chain hash at a seq from 1 up; undefined beyond the head. */
  hashAt(tenant: string, seq: number): Promise<string | undefined>;
  /** Overwrites what the database itself still keeps of erased payloads; `whole`: rewrites all of it, which takes its time. */
  scrub(whole?: boolean): Promise<void>;
  /** Asks for all that a write needs, and writes nothing. Rejects when a write is not possible. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
