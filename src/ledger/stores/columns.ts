import type {
  AlterationRow,
  AtomeRow,
  AtomeHeaderRow,
  DeltaRow,
  DocumentRow,
  HeadRow,
  IdempotencyRecord,
} from '../rows.js';
import type { AuditRow } from '../audit-trail.js';

/* The tables: which field of a row is in which column. */

export type Param = string | number | null;

export interface Statement {
  readonly sql: string;
  readonly params: readonly Param[];
}

/** A statement whose rows tell how long they are: a page of them may end where their lengths add up. */
export interface Measured extends Statement {
  /** The columns wanted. */
  readonly names: string;
  /** Their order, by those names. */
  readonly order: string;
  /** The column that tells the length. */
  readonly length: string;
}

type Columns<Row> = { readonly [K in keyof Row]-?: string };

const HEAD: Columns<HeadRow> = {
  epoch: 'epoch',
  seq: 'seq',
  hash: 'hash',
  timestamp: 'timestamp',
  atomes: 'atomes',
  bytes: 'bytes',
};

export const ALTERATION: Columns<AlterationRow> = {
  seq: 'seq',
  atomeId: 'atome_id',
  version: 'version',
  operation: 'operation',
  changes: 'changes',
  reason: 'reason',
  author: 'author',
  sourceClient: 'source_client',
  opId: 'op_id',
  hlc: 'hlc',
  timestamp: 'timestamp',
  superseded: 'superseded',
  base: 'base',
  size: 'size',
  snapshot: 'snapshot',
  salt: 'salt',
  digest: 'digest',
  prevHash: 'prev_hash',
  hash: 'hash',
};

export const ATOME: Columns<AtomeRow> = {
  id: 'id',
  kind: 'kind',
  type: 'type',
  data: 'data',
  meta: 'meta',
  parentId: 'parent_id',
  ownerId: 'owner_id',
  version: 'version',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  deletedAt: 'deleted_at',
  clocks: 'clocks',
  seq: 'seq',
  createdSeq: 'created_seq',
  base: 'base',
  weight: 'weight',
  size: 'size',
  access: 'access',
  readers: 'readers',
  heirOf: 'heir_of',
};

const RECEIPT: Columns<Omit<IdempotencyRecord, 'superseded'>> = {
  opId: 'op_id',
  atomeId: 'atome_id',
  operation: 'operation',
  changes: 'changes',
  seq: 'seq',
  version: 'version',
  author: 'author',
};

function some<Row, Name extends keyof Row>(columns: Columns<Row>, ...names: Name[]): Columns<Pick<Row, Name>> {
  return Object.fromEntries(names.map((name) => [name, columns[name]])) as Columns<Pick<Row, Name>>;
}

export const HEADER: Columns<AtomeHeaderRow> = some(ATOME, 'id', 'kind', 'type', 'parentId', 'ownerId', 'access');

const IDENTITY = ['seq', 'atomeId', 'version', 'operation', 'author', 'hlc', 'timestamp', 'salt'] as const;

/** All that a state is folded from: not the hashes. */
export const DELTA: Columns<DeltaRow> = some(ALTERATION, ...IDENTITY, 'changes', 'superseded', 'base', 'snapshot');

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

/** The columns of an atome for a SELECT; those of its document are null where it is large. */
export function selectPartial(table = ''): string {
  const prefix = table && `${table}.`;
  const isSmall = `${prefix}size + octet_length(${prefix}clocks) <= ${SMALL_DOCUMENT}`;
  const { data: _data, meta: _meta, clocks: _clocks, ...header } = ATOME;
  const document = Object.entries(DOCUMENT).map(
    ([name, column]) => `CASE WHEN ${isSmall} THEN ${prefix}"${column}" END AS "${name}"`,
  );
  return [select(header, table), ...document].join(', ');
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
}

function table<Row>(name: string, columns: Columns<Row>): Table<Row> {
  return {
    name,
    fields: Object.keys(columns) as (keyof Row & string)[],
    columns: Object.values(columns),
  };
}

export const ALTERATIONS = table<AlterationRow>('alterations', ALTERATION);
export const ATOMES = table<AtomeRow>('atomes', ATOME);
export const RECEIPTS = table<Omit<IdempotencyRecord, 'superseded'>>('receipts', RECEIPT);

export const HEAD_COLUMNS = select(HEAD);
export const ATOME_COLUMNS = select(ATOME);
export const PARTIAL_COLUMNS = selectPartial();
export const DOCUMENT_COLUMNS = select(DOCUMENT);
export const ALTERATION_COLUMNS = select(ALTERATION);
export const RECEIPT_COLUMNS = select(RECEIPT);
export const ATOME_NAMES = names(ATOME);
export const ALTERATION_NAMES = names(ALTERATION);
