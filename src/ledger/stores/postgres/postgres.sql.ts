import type { HeadRow } from '../../rows.js';
import type { Additions, TouchedKeys } from '../../store.js';
import {
  ALTERATION_COLUMNS,
  ALTERATIONS,
  ATOMES,
  BASES,
  DOCUMENT_COLUMNS,
  RECEIPTS,
  selectPartial,
  type Measured,
  type Param,
  type Table,
} from '../columns.js';
import { countDescendants } from '../inheritance.sql.js';
import type { Dialect } from '../list.sql.js';
import * as sql from '../sql.js';
import { headParams } from '../read-rows.js';
import { postgresConditions } from './postgres.condition.js';
import { postgresSorting } from './postgres.sorting.js';

/* What PostgreSQL is asked in a way of its own; a store makes its own texts of these: see `statementsIn`. */

export const TEXTS_OF = 'SELECT json_array_elements_text(?::json)';

/**
 * Rows by their ids. BETWEEN and ORDER BY, where `=` would do, make any other index but that of the column dearer:
 * as long as a table has not been analysed, all that begin with the tenant seem to cost the same, and the planner
 * may walk all rows of a tenant.
 */
function lookUp(table: string, column: string, condition = ''): string {
  return `FROM unnest(ARRAY(${TEXTS_OF})) AS wanted(value) CROSS JOIN LATERAL (SELECT * FROM ${table}
    WHERE ${column} BETWEEN wanted.value AND wanted.value AND tenant = ?${condition} ORDER BY ${column} LIMIT 1) AS found`;
}

export const SELECT_ATOMES = selectAtomes(false);
/** As {@link SELECT_ATOMES}, with all those above each that inherits. */
export const SELECT_ATOMES_BELOW = selectAtomes(true);
export const SELECT_DOCUMENTS = `SELECT id, ${DOCUMENT_COLUMNS} ${lookUp('atome_atomes', 'id')}`;
function selectAtomes(always: boolean): string {
  return `SELECT ${selectPartial('found', always)} ${lookUp('atome_atomes', 'id')}`;
}

/** As {@link lookUp}, by [opId, author]: one entry of the index for each. */
const SELECT_NAMED = (table: string): string =>
  `FROM (SELECT value->>0 AS name, value->>1 AS whose FROM unnest(ARRAY(SELECT json_array_elements(?::json))) AS value OFFSET 0)
    AS wanted CROSS JOIN LATERAL (SELECT * FROM ${table} WHERE author = wanted.whose
      AND op_id BETWEEN wanted.name AND wanted.name AND tenant = ? ORDER BY op_id LIMIT 1) AS found`;
export const SELECT_RECEIPTS = sql.selectReceipts(SELECT_NAMED);
export const SELECT_CREATIONS = `SELECT ${ALTERATION_COLUMNS} ${lookUp('atome_alterations', 'atome_id', ' AND version = 1')}`;

// An array: a set out of JSON is taken for a hundred rows. OFFSET 0: under row-level security a row is looked up by values that are there, not by functions yet to be called
export const PAIRS_OF =
  '(SELECT value->>0 AS id, (value->>1)::integer AS version FROM unnest(ARRAY(SELECT json_array_elements(?::json))) AS value OFFSET 0)';

export const LOCK_HEAD = `${sql.SELECT_HEAD} FOR UPDATE`;

const VALUES_OF = `SELECT unnest(ARRAY(${TEXTS_OF})) AS value`;
export const COUNT_DESCENDANTS = countDescendants(VALUES_OF);

const NONE_OF = (found: string): string => `NOT EXISTS (SELECT 1 ${found})`;

/**
 * Moves the head if it is as it was when the group was decided, and nothing is there that is assumed not to be. The row must also
 * be the one that the statement has seen when it began: whoever held the lock meanwhile may have added what it does not see.
 */
const MOVE_HEAD = `${sql.UPDATE_HEAD} AND epoch = ? AND seq = ? AND hash = ? AND bytes = ?
  AND xmin = (SELECT seen.xmin FROM atome_ledgers AS seen WHERE seen.tenant = ?)
  AND ${NONE_OF(lookUp('atome_atomes', 'id'))}
  AND ${['atome_alterations', 'atome_receipts'].map((table) => NONE_OF(SELECT_NAMED(table))).join(' AND ')} RETURNING 1`;

/**
 * All that a group adds, in one statement: it can only succeed or fail as a whole, and so a COMMIT need not wait for its
 * answer, or there need be none. Without a row nothing was added: the head had been moved by others, or something was there.
 * Atomes that are new are inserted plainly: there is nothing to look for. Its parameters: {@link addParams}.
 */
export const ADD = `WITH
  moved AS (${MOVE_HEAD}),
  alterations_added AS (${insertMoved(ALTERATIONS)}),
  atomes_added AS (${insertMoved(ATOMES)}),
  atomes_changed AS (${insertMoved(ATOMES)} ${sql.UPSERT_ATOME}),
  receipts_added AS (${insertMoved(RECEIPTS)})
  SELECT 1 FROM moved`;

/** What a group was decided on. */
export interface Decided {
  readonly head: HeadRow;
  /** What has been assumed not to be there; left out: all was read under the lock. */
  readonly absent?: Pick<TouchedKeys, 'atomeIds' | 'ops'>;
}

const NOTHING_ASSUMED: NonNullable<Decided['absent']> = { atomeIds: [], ops: [] };

export function addParams(tenant: string, before: Decided, additions: Additions): Param[] {
  const { head, alterations, atomes, receipts } = additions;
  const { epoch, seq, hash, bytes } = before.head;
  const { atomeIds, ops } = before.absent ?? NOTHING_ASSUMED;
  const first = alterations[0]?.seq ?? Infinity;
  const added = atomes.filter(({ createdSeq }) => createdSeq >= first);
  const changed = atomes.filter(({ createdSeq }) => createdSeq < first);
  const tables = [alterations, added, changed, receipts];
  return [
    ...headParams(tenant, head),
    ...[epoch, seq, hash, bytes, tenant],
    ...[JSON.stringify(atomeIds), tenant],
    ...sql.receiptParams(tenant, ops),
    ...tables.flatMap((rows) => [tenant, JSON.stringify(rows)]),
  ];
}

export const ADD_BASES = insert(BASES);

/** In one statement: that the database only reads, or has other tables, or gives us no rights on them, fails it. */
export const PROBE = `WITH ${sql.PROBES.map((probe, index) => `p${index} AS (${probe})`).join(', ')} SELECT 1`;

/** All rows in one JSON parameter, read as a table. */
function insert<Row extends object>(table: Table<Row>): string {
  const columns = table.columns.map((column) => `"${column}"`).join(', ');
  const fields = table.fields.map((field) => `r."${field}"`).join(', ');
  return `INSERT INTO ${table.name} ("tenant", ${columns})
    SELECT ?, ${fields} FROM json_to_recordset(?::json) AS r(${recordTypes(table)})`;
}

/** As {@link insert}, if the head has been moved: nothing is added before that is locked. */
function insertMoved<Row extends object>(table: Table<Row>): string {
  return `${insert(table)} WHERE EXISTS (SELECT 1 FROM moved)`;
}

function recordTypes<Row>({ fields, integers }: Table<Row>): string {
  return fields.map((field) => `"${field}" ${integers.has(field) ? 'bigint' : 'text'}`).join(', ');
}

export function dialectOf(lowerData: string): Dialect {
  return {
    textsOf: TEXTS_OF,
    pairsOf: PAIRS_OF,
    lowerData,
    isFound: '(seq = ANY(ARRAY(SELECT json_array_elements_text(?::json)::bigint)) OR (tenant = ? AND seq > ?))',
    namesReader: (readers) =>
      `EXISTS (SELECT 1 FROM json_array_elements_text(?::json) AS name WHERE strpos(${readers}, name) > 0)`,
    unwalked: (column) => column,
    // not by id, which has another order there; and no equality, by which whole indexes would be merged from their beginning
    isLed: 'seq = ANY(ARRAY[field_seq])',
    conditions: postgresConditions,
    sorting: postgresSorting,
  };
}

/** The first rows of a statement, up to the one with which their lengths go beyond one more parameter. */
export function firstRows({ sql: text, names, order, length }: Measured): string {
  const before = `SUM("${length}") OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - "${length}"`;
  return `SELECT ${names} FROM (SELECT l.*, ${before} AS "before" FROM (${text}) AS l) AS p WHERE "before" <= ? ORDER BY ${order}`;
}
