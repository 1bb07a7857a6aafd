import type { AlterationRow } from './rows.js';

/** Which alterations, told without what they changed. What is not named is not restricted. */
export interface AuditFilter {
  readonly author?: string | undefined;
  readonly atomeId?: string | undefined;
  readonly operation?: string | undefined;
  readonly sourceClient?: string | undefined;
  /** Kind of the atome as it is now. */
  readonly kind?: string | undefined;
}

/** A range of the ledger: `after < seq ≤ upTo`. */
export interface SeqRange {
  readonly after: number;
  readonly upTo: number;
}

export interface AuditQuery extends AuditFilter, SeqRange {
  readonly newestFirst: boolean;
  readonly limit: number;
}

/** One alteration without its payload, and whose atome it is. */
export interface AuditRow extends Pick<
  AlterationRow,
  | 'seq'
  | 'atomeId'
  | 'version'
  | 'operation'
  | 'reason'
  | 'author'
  | 'sourceClient'
  | 'opId'
  | 'hlc'
  | 'timestamp'
  | 'salt'
  | 'hash'
> {
  readonly kind: string;
  readonly ownerId: string;
}

/** The ids of some atomes of one owner, erased ones left out; `next` is where to look on, null at the end. */
export interface OwnedPage {
  readonly ids: readonly string[];
  readonly next: string | null;
}
