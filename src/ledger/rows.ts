/* The rows as the stores read and write them: JSON is text, names are those of the wire. */

export interface HeadRow {
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
  readonly timestamp: string;
  /** How many atomes there are that are not deleted. */
  readonly atomes: number;
  /** Bytes of JSON: of the atomes, and of the changes and snapshots of their alterations. */
  readonly bytes: number;
}

export interface AlterationRow {
  readonly seq: number;
  readonly atomeId: string;
  readonly version: number;
  readonly operation: string;
  readonly changes: string;
  readonly reason: string | null;
  readonly author: string;
  readonly sourceClient: string | null;
  readonly opId: string | null;
  readonly hlc: string;
  readonly timestamp: string;
  readonly superseded: string;
  readonly base: number;
  readonly size: number;
  readonly snapshot: string | null;
  readonly salt: string;
  readonly digest: string;
  readonly prevHash: string;
  readonly hash: string;
}

/** The part of an alteration's row that its state is folded from. */
export type DeltaRow = Pick<
  AlterationRow,
  | 'seq'
  | 'atomeId'
  | 'version'
  | 'operation'
  | 'changes'
  | 'author'
  | 'hlc'
  | 'timestamp'
  | 'superseded'
  | 'base'
  | 'snapshot'
  | 'salt'
>;

export interface AtomeRow {
  readonly id: string;
  readonly kind: string;
  readonly type: string | null;
  readonly data: string;
  readonly meta: string;
  readonly parentId: string | null;
  readonly ownerId: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deletedAt: string | null;
  readonly clocks: string;
  readonly seq: number;
  readonly createdSeq: number;
  readonly base: number;
  readonly weight: number;
  readonly size: number;
  readonly access: string | null;
  readonly readers: string | null;
  readonly heirOf: string | null;
}

/** The part of an atome's row that can be large. */
export type DocumentRow = Pick<AtomeRow, 'data' | 'meta' | 'clocks'>;

/** An atome's row before it is known whether its document is wanted: a large one has not been read. */
export type PartialAtomeRow = Omit<AtomeRow, keyof DocumentRow> & {
  readonly [K in keyof DocumentRow]: string | null;
};

/** Whether the document of a row has been read. */
export function hasDocument<Row extends PartialAtomeRow>(row: Row): row is Row & DocumentRow {
  return row.data !== null;
}

/** An atome's row, read by itself: it tells which ledger it is of. */
export interface ReadAtomeRow extends AtomeRow {
  readonly epoch: string;
}

/** The part of an atome's row that filters and rights look at. */
export type AtomeHeaderRow = Pick<AtomeRow, 'id' | 'kind' | 'type' | 'parentId' | 'ownerId' | 'access'>;

export interface IdempotencyRecord {
  readonly opId: string;
  readonly atomeId: string;
  readonly operation: string;
  readonly changes: string;
  readonly seq: number;
  readonly version: number;
  /** Whose write it was; empty where that was not remembered. */
  readonly author: string;
  /** JSON array of paths; absent for a no-op. */
  readonly superseded?: string;
}
