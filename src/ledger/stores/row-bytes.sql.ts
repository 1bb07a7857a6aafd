import { ERASED } from '../erasure.js';

/* The bytes of rows, as `row-bytes.ts` counts them. */

const KEPT = Buffer.byteLength(ERASED.changes);

const bytesOf = (table: string, ...columns: readonly string[]): string =>
  columns.map((column) => `coalesce(octet_length(${table}.${column}), 0)`).join(' + ');

/** What an erasure takes of an alteration. */
export const ERASED_OF_ALTERATION = `octet_length(l.changes) + coalesce(octet_length(l.snapshot), 0)
  + coalesce(octet_length(l.reason), 0) + octet_length(l.salt) - ${KEPT}`;

/** What an erasure takes of a receipt. */
export const ERASED_OF_RECEIPT = `octet_length(r.changes) - ${KEPT}`;

/** What an erasure takes of a base. */
export const ERASED_OF_BASE = `octet_length(b.snapshot) + octet_length(b.rest) + octet_length(b.salt) - ${2 * KEPT}`;

export const BYTES_OF_ALTERATION = bytesOf(
  'l',
  ...['changes', 'snapshot', 'reason', 'superseded', 'op_id', 'source_client', 'author', 'atome_id', 'operation'],
  ...['hlc', 'timestamp', 'salt', 'digest', 'prev_hash', 'hash'],
);

export const BYTES_OF_BASE = bytesOf(
  'b',
  ...['snapshot', 'rest', 'salt', 'digest', 'hash', 'atome_id', 'timestamp', 'created'],
);

const BYTES_OF_RECEIPT = bytesOf(
  'r',
  ...['author', 'op_id', 'atome_id', 'operation', 'changes', 'superseded', 'timestamp'],
);

/** All receipts and bases of a tenant, and alterations that are below its floor and have still to go. */
export const SELECT_OTHER_BYTES = `SELECT
  (SELECT coalesce(sum(${BYTES_OF_RECEIPT}), 0) FROM atome_receipts AS r WHERE r.tenant = ?) +
  (SELECT coalesce(sum(${BYTES_OF_BASE}), 0) FROM atome_bases AS b WHERE b.tenant = ?) +
  (SELECT coalesce(sum(${BYTES_OF_ALTERATION}), 0) FROM atome_alterations AS l WHERE l.tenant = ? AND l.seq <= ?) AS bytes`;

/** Receipts older than a time, at most so many. */
const OLD_RECEIPTS = 'atome_receipts WHERE tenant = ? AND timestamp < ? ORDER BY timestamp, author, op_id LIMIT ?';
/** Takes them away, the oldest first. Parameters: tenant, time, number and tenant; tenant, tenant, time and number. */
export const FORGET_RECEIPTS = [
  `UPDATE atome_ledgers SET bytes = bytes - (SELECT coalesce(sum(${BYTES_OF_RECEIPT}), 0) FROM (SELECT * FROM ${OLD_RECEIPTS}) AS r) WHERE tenant = ?`,
  `DELETE FROM atome_receipts WHERE tenant = ? AND (author, op_id) IN (SELECT author, op_id FROM ${OLD_RECEIPTS})`,
] as const;
