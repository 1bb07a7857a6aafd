import { getMetadataArgsStorage } from 'typeorm';
import type { ColumnMetadataArgs } from 'typeorm/metadata-args/ColumnMetadataArgs.js';
import { AlterationEntity } from '../../database/entities/alteration.entity.js';
import { AtomeEntity } from '../../database/entities/atome.entity.js';
import { BaseEntity } from '../../database/entities/base.entity.js';
import { FloorEntity } from '../../database/entities/floor.entity.js';
import { LedgerEntity } from '../../database/entities/ledger.entity.js';
import { PropagationEntity } from '../../database/entities/propagation.entity.js';
import { ReceiptEntity } from '../../database/entities/receipt.entity.js';
import { PREFIX } from '../../database/tables.js';
import type {
  AlterationRow,
  AtomeHeaderRow,
  BaseRow,
  DeltaRow,
  DocumentRow,
  FloorRow,
  HeadRow,
  PropagationRow,
  IdempotencyRecord,
  StoredAtomeRow,
} from '../rows.js';
import type { BaseDigest } from '../bases.js';
import { REDACTED } from '../../protocol/merge/tombstone.js';
import type { AuditRow } from '../audit-trail.js';
import { ancestorsOf } from './ancestors.sql.js';

/* The tables, as the entities tell them: which field of a row is in which column. */

export type Param = string | number | null;

export interface Statement {
  readonly sql: string;
  readonly params: readonly Param[];
}

/** A statement that reads many rows. */
export interface Scan extends Statement {
  /** See {@link isHeavy}; left out: it is light. */
  readonly isHeavy?: boolean;
  /** Whether nobody waits for it who is told of what has just been written; left out: as it is heavy. */
  readonly isPast?: boolean;
}

/** A statement whose rows tell how long they are: a page of them may end where their lengths add up. */
export interface Measured extends Scan {
  /** The columns wanted. */
  readonly names: string;
  /** Their order, by those names. */
  readonly order: string;
  /** The column that tells the length. */
  readonly length: string;
}

type Columns<Row> = { readonly [K in keyof Row]-?: string };

type Entity<Row> = abstract new () => Row & { tenant: string };

/** The columns of an entity but its tenant, which each statement names by itself, in the order of the class. */
function argsOf(entity: Entity<unknown>): ColumnMetadataArgs[] {
  const columns = getMetadataArgsStorage().filterColumns(entity as abstract new () => object);
  return columns.filter(({ propertyName }) => propertyName !== 'tenant');
}

function columnsOf<Row>(entity: Entity<Row>): Columns<Omit<Row, 'tenant'>> {
  const columns = argsOf(entity).map(({ propertyName, options }) => [propertyName, options.name ?? propertyName]);
  return Object.fromEntries(columns) as Columns<Omit<Row, 'tenant'>>;
}

const HEAD: Columns<HeadRow> = columnsOf(LedgerEntity);
export const ALTERATION: Columns<AlterationRow> = columnsOf(AlterationEntity);
export const ATOME: Columns<StoredAtomeRow> = columnsOf(AtomeEntity);
const RECEIPT: Columns<IdempotencyRecord> = columnsOf(ReceiptEntity);
const PROPAGATION: Columns<PropagationRow> = columnsOf(PropagationEntity);

function some<Row, Name extends keyof Row>(columns: Columns<Row>, ...names: Name[]): Columns<Pick<Row, Name>> {
  return Object.fromEntries(names.map((name) => [name, columns[name]])) as Columns<Pick<Row, Name>>;
}

const HEADER: Columns<Omit<AtomeHeaderRow, 'ancestors'>> = some(
  ATOME,
  'id',
  'kind',
  'type',
  'parentId',
  'ownerId',
  'access',
);

const IDENTITY = ['seq', 'atomeId', 'version', 'operation', 'author', 'hlc', 'timestamp', 'salt'] as const;

/** All that a state is folded from: not the hashes. */
export const DELTA: Columns<DeltaRow> = some(ALTERATION, ...IDENTITY, 'changes', 'superseded', 'base', 'snapshot');

const BASE: Columns<BaseRow> = columnsOf(BaseEntity);

/** All of a base that cannot be large, nor be erased. */
export const BASE_HEADER: Columns<BaseDigest> = some(
  BASE,
  ...(['seq', 'atomeId', 'version', 'timestamp', 'hash', 'createdSeq', 'created', 'digest'] as const),
);

/** Expressions for a SELECT, in the order of the columns: two SELECTs are joined by that. */
function selectAs<Row>(columns: Columns<Row>, expressions: Record<keyof Row & string, string>): string {
  return (Object.keys(columns) as (keyof Row & string)[]).map((name) => `${expressions[name]} AS "${name}"`).join(', ');
}

const BASE_EXPRESSIONS = {
  ...{ seq: 'b.seq', atomeId: 'b.atome_id', version: 'b.version', author: `''`, hlc: `''`, timestamp: 'b.timestamp' },
  ...{ superseded: `'[]'`, base: 'b.version' },
};

/** The state at the floor, `b`, as the row of a chain. */
export const BASE_AS_DELTA = selectAs<DeltaRow>(DELTA, {
  ...BASE_EXPRESSIONS,
  ...{ operation: `'base'`, changes: `'null'`, snapshot: 'b.snapshot', salt: 'b.salt' },
});

/** An alteration that is in an archive, of an atome `a` that has not been altered since: it says what that is, not what was done. */
const ARCHIVED: Record<keyof AlterationRow, string> = {
  ...BASE_EXPRESSIONS,
  operation: `CASE WHEN ${isErasedAtome('a')} THEN 'redact' WHEN a.deleted_at IS NOT NULL THEN 'delete' ELSE 'replace' END`,
  ...{ changes: `'{}'`, reason: 'NULL', sourceClient: 'NULL', opId: 'NULL', size: 'a.size', snapshot: 'NULL' },
  ...{ salt: `'archived'`, digest: 'b.digest', prevHash: `''`, hash: 'b.hash' },
};
const newestOf = ([name, column]: [string, string]): string =>
  `CASE WHEN l.seq IS NULL THEN ${ARCHIVED[name as keyof AlterationRow]} ELSE l."${column}" END AS "${name}"`;
/** The newest alteration of an atome `a`: `l`, or what the state at the floor, `b`, tells of it. */
export const NEWEST = Object.entries(ALTERATION).map(newestOf).join(', ');

export const AUDIT: Columns<Omit<AuditRow, 'kind' | 'ownerId'>> = some(
  ALTERATION,
  ...IDENTITY,
  'reason',
  'sourceClient',
  'opId',
  'hash',
);

/** In bytes: of an atome that takes no more, the document costs about as much to read as its header. */
const SMALL_DOCUMENT = 16_384;
const DOCUMENT: Columns<DocumentRow> = some(ATOME, 'data', 'meta', 'clocks');

/** Whether an atome is an erased one, which its clocks tell. */
export function isErasedAtome(table: string): string {
  return `(${table}."deleted_at" IS NOT NULL AND ${table}."clocks" LIKE '{"${REDACTED}"%')`;
}

/**
 * What readers get of the clocks: nothing. Only the next write needs to know who wrote each key last; those of an erased
 * atome tell that it is one.
 */
const READ_CLOCKS = `CASE WHEN ${isErasedAtome('atome_atomes')} THEN atome_atomes."clocks" ELSE '{}' END`;

const { clocks: _clocks, ...WITHOUT_CLOCKS } = ATOME;
const { data: _data, meta: _meta, ...HEADING } = WITHOUT_CLOCKS;

/** A column that is null where the document is large. */
function whereSmall(table: string, column: string, name: string): string {
  return `CASE WHEN ${table}.size <= ${SMALL_DOCUMENT} THEN ${column} END AS "${name}"`;
}

/** The columns of an atome for a SELECT; those of its document are null where it is large. @param always see {@link ancestorsOf} */
export function selectPartial(table: string, always = false): string {
  const document = Object.entries(DOCUMENT).map(([name, column]) => whereSmall(table, `${table}."${column}"`, name));
  return [select(HEADING, table), ...document, ancestorsOf(table, always)].join(', ');
}

/** `column AS "name", …` for a SELECT. */
export function select(columns: Record<string, string>, table = ''): string {
  const prefix = table && `${table}.`;
  return Object.entries(columns)
    .map(([name, column]) => `${prefix}"${column}" AS "${name}"`)
    .join(', ');
}

function names(columns: Record<string, string>): string {
  return Object.keys(columns)
    .map((name) => `"${name}"`)
    .join(', ');
}

/** A table with its columns in a fixed order, for inserts. */
export interface Table<Row> {
  readonly name: string;
  readonly fields: readonly (keyof Row & string)[];
  readonly columns: readonly string[];
  /** Those of the fields that are whole numbers; all others are text. */
  readonly integers: ReadonlySet<string>;
}

function tableOf<Row>(entity: Entity<Row>): Table<Omit<Row, 'tenant'>> {
  const columns = columnsOf(entity);
  const [{ name } = {}] = getMetadataArgsStorage().filterTables(entity as abstract new () => object);
  const numbers = argsOf(entity).filter(({ options }) => options.type === 'bigint' || options.type === 'integer');
  return {
    name: `${PREFIX}${String(name)}`,
    fields: Object.keys(columns) as (keyof Omit<Row, 'tenant'> & string)[],
    columns: Object.values(columns),
    integers: new Set(numbers.map(({ propertyName }) => propertyName)),
  };
}

export const ALTERATIONS: Table<AlterationRow> = tableOf(AlterationEntity);
export const ATOMES: Table<StoredAtomeRow> = tableOf(AtomeEntity);
export const RECEIPTS: Table<IdempotencyRecord> = tableOf(ReceiptEntity);
export const BASES: Table<BaseRow> = tableOf(BaseEntity);
export const FLOORS: Table<FloorRow> = tableOf(FloorEntity);

export const HEAD_COLUMNS = select(HEAD);
/** Of the table of atomes. */
export const ATOME_COLUMNS = `${select(WITHOUT_CLOCKS)}, ${READ_CLOCKS} AS "clocks", ${ancestorsOf('atome_atomes')}`;
/** As {@link ATOME_COLUMNS}, with the clocks. */
export const WHOLE_COLUMNS = `${select(ATOME)}, ${ancestorsOf('atome_atomes')}`;
/** As {@link ATOME_COLUMNS}; those of its document are null where it is large. */
export const READ_PARTIAL_COLUMNS = [
  select(HEADING, 'atome_atomes'),
  ...(['data', 'meta'] as const).map((name) => whereSmall('atome_atomes', `atome_atomes."${name}"`, name)),
  whereSmall('atome_atomes', READ_CLOCKS, 'clocks'),
  ancestorsOf('atome_atomes'),
].join(', ');
/** As {@link ATOME_COLUMNS}. */
export const HEADER_COLUMNS = `${select(HEADER)}, ${ancestorsOf('atome_atomes')}`;
export const DOCUMENT_COLUMNS = select(DOCUMENT);
export const BASE_COLUMNS = select(BASE);
export const FLOOR_COLUMNS = select(columnsOf<FloorRow>(FloorEntity));
export const ALTERATION_COLUMNS = select(ALTERATION);
export const RECEIPT_COLUMNS = select(RECEIPT);
export const PROPAGATION_COLUMNS = select(PROPAGATION);
export const ATOME_NAMES = `${names(ATOME)}, "ancestors"`;
export const ALTERATION_NAMES = names(ALTERATION);
export const DELTA_NAMES = names(DELTA);
