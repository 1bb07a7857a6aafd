import { ERASED } from '../erasure.js';

/* The bytes of rows, as `row-bytes.ts` counts them. */

const KEPT = Buffer.byteLength(ERASED.changes);

/** What an erasure takes of an alteration. */
export const ERASED_OF_ALTERATION = `octet_length(l.changes) + coalesce(octet_length(l.snapshot), 0)
  + coalesce(octet_length(l.reason), 0) + octet_length(l.salt) - ${KEPT}`;

/** What an erasure takes of a receipt. */
export const ERASED_OF_RECEIPT = `octet_length(r.changes) - ${KEPT}`;

/** All receipts of a tenant. */
export const SELECT_RECEIPT_BYTES = `SELECT coalesce(sum(octet_length(author) + octet_length(op_id) + octet_length(atome_id)
  + octet_length(operation) + octet_length(changes)), 0) AS bytes FROM atome_receipts WHERE tenant = ?`;
