import { ERASED } from '../erasure.js';
import { UNKNOWN_AUTHOR } from '../write/idempotency.js';
import type { AtomeHeaderRow } from '../rows.js';
import type { Erasure, IdPage, TouchedKeys, WriteName } from '../store.js';
import { ERASED_OF_ALTERATION, ERASED_OF_BASE, ERASED_OF_RECEIPT } from './row-bytes.sql.js';
import type { AuditQuery } from '../audit-trail.js';
import {
  ALTERATION,
  ALTERATION_COLUMNS,
  ALTERATION_NAMES,
  ATOME_COLUMNS,
  ATOME_NAMES,
  READ_PARTIAL_COLUMNS,
  WHOLE_COLUMNS,
  ATOMES,
  HEAD_COLUMNS,
  NEWEST,
  BASE_AS_DELTA,
  DELTA,
  DELTA_NAMES,
  DOCUMENT_COLUMNS,
  FLOOR_COLUMNS,
  HEADER_COLUMNS,
  RECEIPT_COLUMNS,
  select,
  selectPartial,
  AUDIT,
  isErasedAtome,
  type Measured,
  type Param,
  type Statement,
} from './columns.js';

/* The SQL that both stores share. Parameters are written `?`. */

/** The clause that turns an insert of a known atome into an update. */
export const UPSERT_ATOME = `ON CONFLICT ("tenant", "id") DO UPDATE SET ${ATOMES.columns
  .filter((column) => column !== 'id')
  .map((column) => `"${column}" = excluded."${column}"`)
  .join(', ')}`;

export const SELECT_HEAD = `SELECT ${HEAD_COLUMNS} FROM atome_ledgers WHERE tenant = ?`;
/** `tenants` is a subquery. */
export function selectHeads(tenants: string): string {
  return `SELECT tenant, ${HEAD_COLUMNS} FROM atome_ledgers WHERE tenant IN (${tenants})`;
}
export const UPDATE_HEAD =
  'UPDATE atome_ledgers SET seq = ?, hash = ?, timestamp = ?, atomes = ?, bytes = ?, kinds = ? WHERE tenant = ?';
/** Writes to nothing: each needs all that a write to its table needs. */
export const PROBES: readonly string[] = [
  'UPDATE atome_ledgers SET seq = seq WHERE 1 = 0',
  ...['atome_alterations', 'atome_atomes', 'atome_receipts', 'atome_propagations', 'atome_bases'].map(
    (table) => `INSERT INTO ${table} SELECT * FROM ${table} WHERE 1 = 0`,
  ),
];
export const INSERT_LEDGER =
  'INSERT INTO atome_ledgers (tenant, epoch, seq, hash, timestamp) VALUES (?, ?, 0, ?, ?) ON CONFLICT (tenant) DO NOTHING';
/** For a write: what it costs must not tell those who may not read the atome how large it is. */
export const SELECT_ATOME = selectAtome(false);
/** As {@link SELECT_ATOME}, with all those above it where it inherits. */
export const SELECT_ATOME_BELOW = selectAtome(true);

export const SELECT_DOCUMENT = `SELECT id, ${DOCUMENT_COLUMNS} FROM atome_atomes WHERE tenant = ? AND id = ?`;
/** With the epoch of its ledger, which costs no statement of its own. */
export const SELECT_READ_ATOME = readAtome(ATOME_COLUMNS);
/** As {@link SELECT_READ_ATOME}, with the clocks. */
export const SELECT_WHOLE_ATOME = readAtome(WHOLE_COLUMNS);
/** As {@link SELECT_READ_ATOME}, before rights are asked. */
export const SELECT_PARTIAL_ATOME = readAtome(READ_PARTIAL_COLUMNS);

function selectAtome(always: boolean): string {
  return `SELECT ${selectPartial('atome_atomes', always)} FROM atome_atomes WHERE tenant = ? AND id = ?`;
}

function readAtome(columns: string): string {
  return `SELECT ${columns}, (SELECT epoch FROM atome_ledgers WHERE atome_ledgers.tenant = atome_atomes.tenant) AS "epoch"
    FROM atome_atomes WHERE tenant = ? AND id = ?`;
}

/** `texts` is a subquery of ids. */
export function selectAtomes(texts: string): string {
  return `SELECT ${ATOME_COLUMNS} FROM atome_atomes WHERE tenant = ? AND id IN (${texts})`;
}
/** `texts` is a subquery of ids. */
export function selectHeaders(texts: string): string {
  return `SELECT ${HEADER_COLUMNS} FROM atome_atomes WHERE tenant = ? AND id IN (${texts})`;
}

export const SELECT_ALTERATION = `SELECT ${ALTERATION_COLUMNS} FROM atome_alterations WHERE tenant = ? AND atome_id = ? AND version = ?`;
export const SELECT_VERSIONS = `SELECT ${ALTERATION_COLUMNS} FROM atome_alterations
  WHERE tenant = ? AND atome_id = ? AND version BETWEEN ? AND ? ORDER BY version`;
/** Versions `from` to `to`, newest first. */
export function selectHistory(tenant: string, atomeId: string, from: number, to: number): Measured {
  return {
    sql: `SELECT ${ALTERATION_COLUMNS}, octet_length(changes) + coalesce(octet_length(snapshot), 0) AS "length"
      FROM atome_alterations WHERE tenant = ? AND atome_id = ? AND version BETWEEN ? AND ? ORDER BY version DESC`,
    params: [tenant, atomeId, from, to],
    names: ALTERATION_NAMES,
    order: 'version DESC',
    length: 'length',
  };
}
/** Of what is below the floor there are still the hashes of the bases and that of the floor. */
export const SELECT_HASH = ['alterations', 'bases', 'floors']
  .map((table) => `SELECT hash FROM atome_${table} WHERE tenant = ? AND seq = ?`)
  .join(' UNION ALL ');
/** What {@link SELECT_HASH} wants. */
export function hashParams(tenant: string, seq: number): Param[] {
  return [tenant, seq, tenant, seq, tenant, seq];
}

/** Takes the tenant, the atome and the tenant. */
export const SELECT_ARCHIVED = `SELECT coalesce(max(version), 0) AS version FROM atome_bases
  WHERE tenant = ? AND atome_id = ? AND seq <= (SELECT seq FROM atome_floors WHERE tenant = ?)`;
export const SELECT_FLOOR = `SELECT ${FLOOR_COLUMNS} FROM atome_floors WHERE tenant = ?`;

/** Those of the ids of creates that are there and wanted: nearly always none, as a `create` seldom comes twice. */
export function met({ createIds = [], isWanted }: TouchedKeys, atomes: readonly AtomeHeaderRow[]): string[] {
  if (createIds.length === 0 || atomes.length === 0) return [];
  const there = new Set(atomes.filter((row) => isWanted?.(row) ?? true).map(({ id }) => id));
  return createIds.filter((id) => there.has(id));
}

/**
 * Erase the payloads of an atome before the version of its `redact`: a change of an inherited access may stand behind
 * that in the same group. All take {@link eraseParams}. The digests and hashes stay.
 */
export const ERASE = [
  `WITH gone (tenant, id, version) AS (SELECT ?, ?, CAST(? AS INTEGER))
    UPDATE atome_ledgers SET bytes = bytes - (
      SELECT coalesce(sum(${ERASED_OF_ALTERATION}), 0)
      FROM atome_alterations AS l, gone WHERE l.tenant = gone.tenant AND l.atome_id = gone.id AND l.version < gone.version
    ) - (
      SELECT coalesce(sum(${ERASED_OF_RECEIPT}), 0)
      FROM atome_receipts AS r, gone WHERE r.tenant = gone.tenant AND r.atome_id = gone.id AND r.version < gone.version
    ) - (
      SELECT coalesce(sum(${ERASED_OF_BASE}), 0)
      FROM atome_bases AS b, gone WHERE b.tenant = gone.tenant AND b.atome_id = gone.id AND b.version < gone.version
    ) WHERE tenant = (SELECT gone.tenant FROM gone)`,
  `UPDATE atome_alterations SET changes = '${ERASED.changes}', reason = NULL, snapshot = NULL, salt = '${ERASED.salt}'
    WHERE tenant = ? AND atome_id = ? AND version < ?`,
  `UPDATE atome_receipts SET changes = '${ERASED.changes}' WHERE tenant = ? AND atome_id = ? AND version < ?`,
  `UPDATE atome_bases SET snapshot = '${ERASED.changes}', rest = '${ERASED.changes}', salt = '${ERASED.salt}'
    WHERE tenant = ? AND atome_id = ? AND version < ?`,
];

/** What {@link ERASE} wants. */
export function eraseParams(tenant: string, { atomeId, version }: Erasure): Param[] {
  return [tenant, atomeId, version];
}

/**
 * What earlier writes were answered. `known` is the FROM and WHERE for a table: by names and tenant. Its parameters:
 * {@link receiptParams}.
 */
export function selectReceipts(known: (table: string) => string): string {
  return `SELECT ${RECEIPT_COLUMNS} ${known('atome_alterations')} UNION ALL SELECT ${RECEIPT_COLUMNS} ${known('atome_receipts')}`;
}

/** A receipt that is older than authors may be that of any of the names. */
export function receiptParams(tenant: string, ops: readonly WriteName[]): Param[] {
  const names = ops.map(({ opId, author }) => [opId, author]);
  const opIds = [...new Set(ops.map(({ opId }) => opId))];
  const orUnknown = [...names, ...opIds.map((opId) => [opId, UNKNOWN_AUTHOR])];
  return [JSON.stringify(names), tenant, JSON.stringify(orUnknown), tenant];
}

// A page ends where its characters add up, so that a ledger of large documents costs no more memory than
// one of small ones; its first row is always in it. `place` is the table whose rows are walked.
function page(place: string, from: string, columns = select(ALTERATION, 'l'), size = 'l.size'): string {
  return `SELECT ${ALTERATION_NAMES} FROM (
      SELECT ${columns}, SUM(${size}) OVER (ORDER BY ${place}.seq) - ${size} AS "before"
      FROM ${from} ${place}.tenant = ? AND ${place}.seq > ? AND ${place}.seq <= ? ORDER BY ${place}.seq LIMIT ?
    ) AS p WHERE "before" <= ? ORDER BY seq`;
}

export const SELECT_PAGE = page('l', 'atome_alterations AS l WHERE');
/** One statement, so that what goes into an archive meanwhile is met in one of its two places. */
export const SELECT_NEWEST = page(
  'a',
  `atome_atomes AS a LEFT JOIN atome_alterations AS l ON l.tenant = a.tenant AND l.seq = a.seq
    LEFT JOIN atome_bases AS b ON l.seq IS NULL AND b.tenant = a.tenant AND b.seq = a.seq
    WHERE (l.seq IS NOT NULL OR b.seq IS NOT NULL) AND`,
  NEWEST,
  'coalesce(l.size, a.size)',
);

/**
 * `wanted` is a subquery with the columns id and version. CROSS JOIN keeps SQLite from walking the whole
 * ledger to spare itself the sorting. Where the base of a chain is below the floor, the state there comes in its place: it is
 * behind its own alteration, as long as that is still there, and replaces what was folded. Both halves take the wanted and the tenant.
 */
export function selectDeltaChain(wanted: string): string {
  return `SELECT ${DELTA_NAMES} FROM (
    SELECT ${select(DELTA, 'l')}, 0 AS place FROM ${wanted} AS w CROSS JOIN atome_alterations AS t CROSS JOIN atome_alterations AS l
      WHERE t.tenant = ? AND t.atome_id = w.id AND t.version = w.version
        AND l.tenant = t.tenant AND l.atome_id = t.atome_id AND l.version BETWEEN t.base AND t.version
    UNION ALL SELECT ${BASE_AS_DELTA}, 1 FROM ${wanted} AS w CROSS JOIN atome_bases AS b
      WHERE b.tenant = ? AND b.atome_id = w.id AND b.version <= w.version AND (b.version = w.version OR EXISTS (
        SELECT 1 FROM atome_alterations AS t
        WHERE t.tenant = b.tenant AND t.atome_id = w.id AND t.version = w.version AND t.base <= b.version))
    ) AS p ORDER BY "atomeId", version, place`;
}

export function selectAtomesAfter(tenant: string, { after, kinds, limit, isWhole = false }: IdPage): Measured {
  const among = kinds ? ` AND kind IN (${kinds.map(() => '?').join(', ')})` : '';
  return {
    sql: `SELECT ${isWhole ? WHOLE_COLUMNS : ATOME_COLUMNS} FROM atome_atomes WHERE tenant = ? AND id > ?${among} ORDER BY id LIMIT ?`,
    params: [tenant, after, ...(kinds ?? []), limit],
    names: ATOME_NAMES,
    order: 'id',
    length: 'size',
  };
}

const FILTER_COLUMN = {
  author: 'l.author',
  atomeId: 'l.atome_id',
  operation: 'l.operation',
  sourceClient: 'l.source_client',
  kind: 'a.kind',
} as const;

export function selectAuditRows(tenant: string, query: AuditQuery): Statement {
  const conditions = ['l.tenant = ?', 'l.seq > ?', 'l.seq <= ?'];
  const params: Param[] = [tenant, query.after, query.upTo];
  for (const [name, column] of Object.entries(FILTER_COLUMN)) {
    const value = query[name as keyof typeof FILTER_COLUMN];
    if (value === undefined) continue;
    conditions.push(`${column} = ?`);
    params.push(value);
  }
  return {
    sql: `SELECT ${select(AUDIT, 'l')}, a.kind AS "kind", a.owner_id AS "ownerId"
      FROM atome_alterations AS l JOIN atome_atomes AS a ON a.tenant = l.tenant AND a.id = l.atome_id
      WHERE ${conditions.join(' AND ')} ORDER BY l.seq ${query.newestFirst ? 'DESC' : 'ASC'} LIMIT ?`,
    params: [...params, query.limit],
  };
}

/** Where a stretch of a thousand atomes ends. */
export const SELECT_RANGE_END =
  'SELECT id FROM atome_atomes WHERE tenant = ? AND id > ? ORDER BY id LIMIT 1 OFFSET 999';

/** An erased atome has an owner too. `bounded`: the stretch has an end. */
export function selectOwned(bounded: boolean): string {
  return `SELECT a.id FROM atome_atomes AS a
    WHERE a.tenant = ? AND a.id > ?${bounded ? ' AND a.id <= ?' : ''} AND a.owner_id = ? AND NOT ${isErasedAtome('a')} ORDER BY a.id`;
}
