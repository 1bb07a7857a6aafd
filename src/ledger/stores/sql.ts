import { ERASED } from '../erased.js';
import type { AlterationRow, AtomeRow, HeadRow, PlaceRow, ReceiptRow } from '../rows.js';
import { MAX_HEIRS, type Families, type ListQuery, type VisibleTo } from '../store.js';
import type { TrailQuery, TrailRow } from '../trail.js';

/* The SQL that both stores share. Parameters are written `?`. */

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

const ALTERATION: Columns<AlterationRow> = {
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

const ATOME: Columns<AtomeRow> = {
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

const RECEIPT: Columns<Omit<ReceiptRow, 'superseded'>> = {
  opId: 'op_id',
  atomeId: 'atome_id',
  operation: 'operation',
  changes: 'changes',
  seq: 'seq',
  version: 'version',
  author: 'author',
};

/** `column AS "name", …` for a SELECT. */
function select(columns: Record<string, string>, table = ''): string {
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
export const RECEIPTS = table<Omit<ReceiptRow, 'superseded'>>('receipts', RECEIPT);

export const HEAD_COLUMNS = select(HEAD);
export const ATOME_COLUMNS = select(ATOME);
export const ALTERATION_COLUMNS = select(ALTERATION);
export const RECEIPT_COLUMNS = select(RECEIPT);
const ATOME_NAMES = names(ATOME);
const ALTERATION_NAMES = names(ALTERATION);

/** The clause that turns an insert of a known atome into an update. */
export const UPSERT_ATOME = `ON CONFLICT ("tenant", "id") DO UPDATE SET ${ATOMES.columns
  .filter((column) => column !== 'id')
  .map((column) => `"${column}" = excluded."${column}"`)
  .join(', ')}`;

export const SELECT_HEAD = `SELECT ${HEAD_COLUMNS} FROM ledgers WHERE tenant = ?`;
/** `tenants` is a subquery. */
export function selectHeads(tenants: string): string {
  return `SELECT tenant, ${HEAD_COLUMNS} FROM ledgers WHERE tenant IN (${tenants})`;
}
export const UPDATE_HEAD =
  'UPDATE ledgers SET seq = ?, hash = ?, timestamp = ?, atomes = ?, bytes = ? WHERE tenant = ?';
export const INSERT_LEDGER =
  'INSERT INTO ledgers (tenant, epoch, seq, hash, timestamp) VALUES (?, ?, 0, ?, ?) ON CONFLICT (tenant) DO NOTHING';
export const SELECT_ATOME = `SELECT ${ATOME_COLUMNS} FROM atomes WHERE tenant = ? AND id = ?`;
const { id, kind, type, parentId, ownerId, access } = ATOME;
const PLACE: Columns<PlaceRow> = { id, kind, type, parentId, ownerId, access };

/** `texts` is a subquery of ids. */
export function selectPlaces(texts: string): string {
  return `SELECT ${select(PLACE)} FROM atomes WHERE tenant = ? AND id IN (${texts})`;
}

/**
 * The parents of those that are shared, and all that inherits from those that are shared or that move, down to the
 * last; `texts` is a subquery of ids in a column `value`. Its parameters: {@link familyParams}. CROSS JOIN keeps SQLite
 * from walking all heirs of the tenant for each.
 */
export function selectFamilies(texts: string): string {
  const wanted = `(${texts}) AS wanted CROSS JOIN atomes AS a WHERE a.tenant = ? AND a.id = wanted.value`;
  const heirs = 'CROSS JOIN atomes AS heir WHERE heir.tenant = ? AND heir.heir_of';
  return `WITH RECURSIVE heirs(id) AS (
      SELECT heir.id FROM (
        SELECT a.id FROM ${wanted} UNION SELECT a.id FROM ${wanted} AND a.heir_of IS NOT NULL
      ) AS root ${heirs} = root.id
      UNION SELECT heir.id FROM heirs ${heirs} = heirs.id
    ), family(id) AS (
      SELECT id FROM (SELECT id FROM heirs LIMIT ?) AS bounded UNION SELECT a.parent_id FROM ${wanted}
    ) SELECT ${select(ATOME, 'member')} FROM family CROSS JOIN atomes AS member
      WHERE member.tenant = ? AND member.id = family.id`;
}

/** Heirs and parents of a group that can be decided as a whole are not more than that. */
export function mostRelated({ shared }: Families): number {
  return MAX_HEIRS + shared.length;
}

export function familyParams(tenant: string, families: Families): Param[] {
  const { shared, moved } = families;
  const [all, some] = [JSON.stringify(shared), JSON.stringify(moved)];
  return [all, tenant, some, tenant, tenant, tenant, mostRelated(families) + 1, all, tenant, tenant];
}

export const SELECT_ALTERATION = `SELECT ${ALTERATION_COLUMNS} FROM alterations WHERE tenant = ? AND atome_id = ? AND version = ?`;
export const SELECT_VERSIONS = `SELECT ${ALTERATION_COLUMNS} FROM alterations
  WHERE tenant = ? AND atome_id = ? AND version BETWEEN ? AND ? ORDER BY version`;
/** Versions `from` to `to`, newest first. */
export function selectHistory(tenant: string, atomeId: string, from: number, to: number): Measured {
  return {
    sql: `SELECT ${ALTERATION_COLUMNS}, octet_length(changes) + coalesce(octet_length(snapshot), 0) AS "length"
      FROM alterations WHERE tenant = ? AND atome_id = ? AND version BETWEEN ? AND ? ORDER BY version DESC`,
    params: [tenant, atomeId, from, to],
    names: ALTERATION_NAMES,
    order: 'version DESC',
    length: 'length',
  };
}
export const SELECT_HASH = 'SELECT hash FROM alterations WHERE tenant = ? AND seq = ?';

/** Those of the ids that are there: nearly always none, as a `create` seldom comes twice. */
export function met(ids: readonly string[], atomes: readonly AtomeRow[]): string[] {
  if (ids.length === 0 || atomes.length === 0) return [];
  const there = new Set(atomes.map(({ id }) => id));
  return ids.filter((id) => there.has(id));
}

const LEFT_BYTES = Buffer.byteLength(ERASED.changes);

/** Erase the payloads of an atome; all take the tenant and its id. The digests and hashes stay. */
export const ERASE = [
  `WITH gone (tenant, id) AS (SELECT ?, ?)
    UPDATE ledgers SET bytes = bytes - (
      SELECT coalesce(sum(octet_length(l.changes) + coalesce(octet_length(l.snapshot), 0) - ${LEFT_BYTES}), 0)
      FROM alterations AS l, gone WHERE l.tenant = gone.tenant AND l.atome_id = gone.id AND l.operation <> 'redact'
    ) WHERE tenant = (SELECT gone.tenant FROM gone)`,
  `UPDATE alterations SET changes = '${ERASED.changes}', reason = NULL, snapshot = NULL, salt = '${ERASED.salt}'
    WHERE tenant = ? AND atome_id = ? AND operation <> 'redact'`,
  `UPDATE receipts SET changes = '${ERASED.changes}' WHERE tenant = ? AND atome_id = ?`,
];

/** What earlier writes were answered. `known` is the FROM and WHERE for a table: by opIds, then by tenant. */
export function selectReceipts(known: (table: string) => string): string {
  return `SELECT ${RECEIPT_COLUMNS}, superseded ${known('alterations')}
    UNION ALL SELECT ${RECEIPT_COLUMNS}, NULL ${known('receipts')}`;
}

// A page ends where its characters add up, so that a ledger of large documents costs no more memory than
// one of small ones; its first row is always in it. `place` is the table whose rows are walked.
function page(place: string, from: string): string {
  return `SELECT ${ALTERATION_NAMES} FROM (
      SELECT ${select(ALTERATION, 'l')}, SUM(l.size) OVER (ORDER BY ${place}.seq) - l.size AS "before"
      FROM ${from} ${place}.tenant = ? AND ${place}.seq > ? AND ${place}.seq <= ? ORDER BY ${place}.seq LIMIT ?
    ) AS p WHERE "before" <= ? ORDER BY seq`;
}

export const SELECT_PAGE = page('l', 'alterations AS l WHERE');
export const SELECT_NEWEST = page(
  'a',
  'atomes AS a CROSS JOIN alterations AS l WHERE l.tenant = a.tenant AND l.seq = a.seq AND',
);

/**
 * `wanted` is a subquery with the columns id and version. CROSS JOIN keeps SQLite from walking the whole
 * ledger to spare itself the sorting.
 */
export function selectLineage(wanted: string): string {
  return `SELECT ${select(ALTERATION, 'l')} FROM ${wanted} AS w CROSS JOIN alterations AS t CROSS JOIN alterations AS l
    WHERE t.tenant = ? AND t.atome_id = w.id AND t.version = w.version
      AND l.tenant = t.tenant AND l.atome_id = t.atome_id AND l.version BETWEEN t.base AND t.version
    ORDER BY l.atome_id, l.version`;
}

export function selectAtomesAfter(
  tenant: string,
  after: string,
  kinds: readonly string[] | undefined,
  limit: number,
): Measured {
  const among = kinds ? ` AND kind IN (${kinds.map(() => '?').join(', ')})` : '';
  return {
    sql: `SELECT ${ATOME_COLUMNS} FROM atomes WHERE tenant = ? AND id > ?${among} ORDER BY id LIMIT ?`,
    params: [tenant, after, ...(kinds ?? []), limit],
    names: ATOME_NAMES,
    order: 'id',
    length: 'size',
  };
}

const TRAIL: Columns<Omit<TrailRow, 'kind' | 'ownerId'>> = {
  seq: 'seq',
  atomeId: 'atome_id',
  version: 'version',
  operation: 'operation',
  reason: 'reason',
  author: 'author',
  sourceClient: 'source_client',
  opId: 'op_id',
  hlc: 'hlc',
  timestamp: 'timestamp',
  salt: 'salt',
  hash: 'hash',
};
const FILTER_COLUMN = {
  author: 'l.author',
  atomeId: 'l.atome_id',
  operation: 'l.operation',
  sourceClient: 'l.source_client',
  kind: 'a.kind',
} as const;

export function selectTrail(tenant: string, query: TrailQuery): Statement {
  const conditions = ['l.tenant = ?', 'l.seq > ?', 'l.seq <= ?'];
  const params: Param[] = [tenant, query.after, query.upTo];
  for (const [name, column] of Object.entries(FILTER_COLUMN)) {
    const value = query[name as keyof typeof FILTER_COLUMN];
    if (value === undefined) continue;
    conditions.push(`${column} = ?`);
    params.push(value);
  }
  return {
    sql: `SELECT ${select(TRAIL, 'l')}, a.kind AS "kind", a.owner_id AS "ownerId"
      FROM alterations AS l JOIN atomes AS a ON a.tenant = l.tenant AND a.id = l.atome_id
      WHERE ${conditions.join(' AND ')} ORDER BY l.seq ${query.newestFirst ? 'DESC' : 'ASC'} LIMIT ?`,
    params: [...params, query.limit],
  };
}

/** Where a stretch of a thousand atomes ends. */
export const SELECT_STRETCH_END = 'SELECT id FROM atomes WHERE tenant = ? AND id > ? ORDER BY id LIMIT 1 OFFSET 999';

/** The newest alteration of an erased atome is its `redact`. `bounded`: the stretch has an end. */
export function selectOwned(bounded: boolean): string {
  return `SELECT a.id FROM atomes AS a JOIN alterations AS l ON l.tenant = a.tenant AND l.seq = a.seq
    WHERE a.tenant = ? AND a.id > ?${bounded ? ' AND a.id <= ?' : ''} AND a.owner_id = ? AND l.operation <> 'redact'
    ORDER BY a.id`;
}

const SORT_COLUMN: Record<ListQuery['sortBy'], string> = {
  updatedAt: 'seq',
  createdAt: 'created_seq',
  id: 'id',
  kind: 'kind',
  type: `coalesce(type, '')`,
  version: 'version',
};

const SORT_NAME: Record<ListQuery['sortBy'], string> = { ...SORT_COLUMN, createdAt: '"createdSeq"' };

/** What the databases say in ways of their own. */
export interface Dialect {
  /** The expression for `data` in lower case. */
  readonly lowerData: string;
  /** Whether one of the texts in a JSON array parameter is in `readers`. Never LIKE, which may ignore case. */
  readonly namesReader: string;
  /** A column whose index is not to be walked for the order: only SQLite, which has no statistics, has to be told. */
  readonly unwalked: (column: string) => string;
}

export function selectList(tenant: string, query: ListQuery, dialect: Dialect): Measured {
  const { conditions, params } = listConditions(tenant, query, dialect);
  const column = sortColumn(query, dialect);
  const direction = query.sortOrder === 'asc' ? 'ASC' : 'DESC';
  if (query.after) {
    conditions.push(`(${column}, id) ${query.sortOrder === 'asc' ? '>' : '<'} (?, ?)`);
    params.push(query.after.value ?? '', query.after.id);
  }
  return {
    sql: `SELECT ${ATOME_COLUMNS} FROM atomes WHERE ${conditions.join(' AND ')}
      ORDER BY ${column} ${direction}, id ${direction} LIMIT ? OFFSET ?`,
    params: [...params, query.limit, query.offset],
    names: ATOME_NAMES,
    order: `${SORT_NAME[query.sortBy]} ${direction}, id ${direction}`,
    length: 'size',
  };
}

/**
 * Most parents have few children: they are found and sorted, not looked for among all atomes in order. On 100,000 atomes 0.02 ms
 * instead of 47 ms. Those without a parent are many, and `seq` is in order behind each parent.
 */
function sortColumn({ sortBy, parentId }: ListQuery, { unwalked }: Dialect): string {
  const column = SORT_COLUMN[sortBy];
  return typeof parentId === 'string' && sortBy !== 'updatedAt' ? unwalked(column) : column;
}

export function countList(tenant: string, query: ListQuery, dialect: Dialect): Statement {
  const { conditions, params } = listConditions(tenant, query, dialect);
  return { sql: `SELECT count(*) AS total FROM atomes WHERE ${conditions.join(' AND ')}`, params };
}

function visibility({ names, exceptKinds }: VisibleTo, { namesReader }: Dialect): Statement {
  const kinds = exceptKinds.length === 0 ? '' : ` AND kind NOT IN (${exceptKinds.map(() => '?').join(', ')})`;
  return {
    sql: `(readers IS NULL OR ${namesReader})${kinds}`,
    params: [JSON.stringify(names.map((name) => `\n${name}\n`)), ...exceptKinds],
  };
}

function listConditions(tenant: string, query: ListQuery, dialect: Dialect): { conditions: string[]; params: Param[] } {
  const conditions = ['tenant = ?'];
  const params: Param[] = [tenant];
  for (const column of ['kind', 'type'] as const) {
    const value = query[column];
    if (value === undefined) continue;
    conditions.push(`${column} = ?`);
    params.push(value);
  }
  if (query.parentId === null) conditions.push('parent_id IS NULL');
  else if (query.parentId !== undefined) {
    conditions.push('parent_id = ?');
    params.push(query.parentId);
  }
  // before the search, which takes the longer the more there is: nobody waits for what is hidden
  if (query.visibleTo) {
    const visible = visibility(query.visibleTo, dialect);
    conditions.push(visible.sql);
    params.push(...visible.params);
  }
  if (query.search !== undefined) {
    conditions.push(`${dialect.lowerData} LIKE ? ESCAPE '\\'`);
    params.push(likePattern(query.search));
  }
  if (!query.includeDeleted) conditions.push('deleted_at IS NULL');
  return { conditions, params };
}

/** `data` is JSON text, so the words are looked for as JSON writes them. */
function likePattern(words: string): string {
  const json = JSON.stringify(words.toLowerCase()).slice(1, -1);
  return `%${json.replace(/[\\%_]/g, '\\$&')}%`;
}
