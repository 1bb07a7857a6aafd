import { createHash } from 'node:crypto';
import type { DocumentField } from '../../protocol/index.js';
import type { SortPart } from './sort-dialect.js';

/*
 * The values of indexed fields, in the order of lists: a table beside the atomes, which the database itself keeps with them
 * in the transaction of each write. Parameters are written `?`.
 */

/** What becomes of a definition. */
export const STATE = { building: 0, complete: 1, leaving: 2 } as const;

/** The columns of a value are `k0`, `k1` …, as the parts of its order are. */
export function keyColumns(parts: readonly SortPart[]): string[] {
  return parts.map((_, place) => `k${place}`);
}

/** Each list of a field by its own statement would be another index: the name of one is its kind and its path, in bounded length. */
export function indexName(kind: string, { document, keys }: DocumentField): string {
  const digest = createHash('sha256').update(JSON.stringify([kind, document, ...keys]));
  return digest.digest('base64url').slice(0, 16);
}

/** @param parts of the value of a row `a` at the path of a definition `f`. */
export function insertValues(parts: readonly SortPart[], row: string, from: string): string {
  return `INSERT INTO atome_field_values (field_tenant, field, ${keyColumns(parts).join(', ')}, field_seq, atome_id)
    SELECT ${row}.tenant, f.name, ${parts.map(({ sql }) => sql).join(', ')}, ${row}.seq, ${row}.id FROM ${from}`;
}

/** One of the order by a field, one of the order by time behind equal values. */
export function valueIndexes(parts: readonly SortPart[]): string[] {
  const keys = keyColumns(parts).join(', ');
  return ['atome_id', 'field_seq'].map(
    (last) =>
      `CREATE INDEX IF NOT EXISTS "atome_field_values_by_${last}" ON atome_field_values (field_tenant, field, ${keys}, ${last})`,
  );
}

/** So much of a tenant is taken at once, in atomes and in their bytes: others write meanwhile. */
const BATCH_ROWS = 500;
const BATCH_BYTES = 500_000;

export const SELECT_INDEXES = 'SELECT name, state, tenant, seq FROM atome_field_indexes';
export const IS_COMPLETE = `(SELECT state FROM atome_field_indexes WHERE name = ?) = ${STATE.complete}`;
export const SELECT_IS_COMPLETE = `SELECT name FROM atome_field_indexes WHERE name = ? AND state = ${STATE.complete}`;
/** Unless another server takes it away. */
/** A condition: it is where whoever fills it in has left it, and has not been made anew meanwhile. */
const IS_WHERE = `name = ? AND tenant = ? AND seq = ? AND state = ${STATE.building}`;
export const COMPLETE = `UPDATE atome_field_indexes SET state = ${STATE.complete} WHERE ${IS_WHERE} RETURNING name`;
export const LEAVE = `UPDATE atome_field_indexes SET state = ${STATE.leaving} WHERE name = ?`;
/** The next of a tenant: up to which seq. */
export const ADVANCE = `UPDATE atome_field_indexes SET tenant = ?, seq = coalesce((
    SELECT max(s) FROM (
      SELECT seq AS s, SUM(size) OVER (ORDER BY seq) - size AS before FROM atome_atomes
      WHERE tenant = ? AND kind = ? AND seq > ? ORDER BY seq LIMIT ${BATCH_ROWS}
    ) AS batch WHERE before <= ${BATCH_BYTES}
  ), ?) WHERE ${IS_WHERE} RETURNING seq`;
/** Behind {@link FILL}. What was written since has its values already. */
export const OF_BATCH = `WHERE f.name = ? AND f.state = ${STATE.building} AND a.tenant = f.tenant AND a.kind = f.kind AND a.seq > ? AND a.seq <= f.seq
  AND a.deleted_at IS NULL ON CONFLICT DO NOTHING`;
export const FILL = 'atome_field_indexes AS f CROSS JOIN atome_atomes AS a';
/** Unless another server has made it again meanwhile. */
export const EMPTY = `DELETE FROM atome_field_values WHERE field = ? AND field_tenant = ? AND atome_id IN (
    SELECT atome_id FROM atome_field_values WHERE field = ? AND field_tenant = ? LIMIT 1000)
  AND EXISTS (SELECT 1 FROM atome_field_indexes WHERE name = ? AND state = ${STATE.leaving}) RETURNING field`;
export const FORGET = `DELETE FROM atome_field_indexes WHERE name = ? AND state = ${STATE.leaving}`;
