import type { AlterationEntity } from '../database/entities/alteration.entity.js';
import type { AtomeEntity } from '../database/entities/atome.entity.js';
import type { BaseEntity } from '../database/entities/base.entity.js';
import type { FloorEntity } from '../database/entities/floor.entity.js';
import type { LedgerEntity } from '../database/entities/ledger.entity.js';
import type { PropagationEntity } from '../database/entities/propagation.entity.js';
import type { ReceiptEntity } from '../database/entities/receipt.entity.js';
import type { Atome } from '../protocol/index.js';

/* The rows as the stores read and write them: JSON is text, names are those of the wire. */

/** The row of an entity. Its tenant is that of the ledger that it is read from. */
type Row<Entity> = Readonly<Omit<Entity, 'tenant'>>;

export type HeadRow = Row<LedgerEntity>;
export type AlterationRow = Row<AlterationEntity>;
export type StoredAtomeRow = Row<AtomeEntity>;
export type PropagationRow = Row<PropagationEntity>;
/** What an earlier write was answered. */
export type IdempotencyRecord = Row<ReceiptEntity>;
export type FloorRow = Row<FloorEntity>;
export type BaseRow = Row<BaseEntity>;

/** What is read with an atome that inherits while an access is propagated in its tenant. */
interface Above {
  /** The atomes above it, see `ancestorsOf`; null or left out when what it inherits is up to date. */
  readonly ancestors?: string | null;
}

export type AtomeRow = StoredAtomeRow & Above;

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

/** An atome whose documents are JSON, as the ledger keeps them. */
export type AtomeInText = Omit<Atome, 'data' | 'meta'> & Pick<AtomeRow, 'data' | 'meta'>;

/** What the ledger keeps of a write, as JSON. The objects that it was made of are in other hands, too, who may alter them. */
export type WrittenTexts = Pick<AtomeRow, 'data' | 'meta'> & Pick<AlterationRow, 'changes'>;

/** As {@link ReadAtomeRow}, before it is known whether its document is wanted. */
export type ReadPartialRow = PartialAtomeRow & Pick<ReadAtomeRow, 'epoch'>;

/** The part of an atome's row that filters and rights look at. */
export type AtomeHeaderRow = Pick<AtomeRow, 'id' | 'kind' | 'type' | 'parentId' | 'ownerId' | 'access' | 'ancestors'>;
