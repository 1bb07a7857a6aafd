import type { AlterationRow, AtomeRow, IdempotencyRecord } from './rows.js';

/*
 * What a tenant holds is the texts of its rows, in bytes of UTF-8: all of them, since whatever a caller can make longer must
 * count. In SQL: `stores/row-bytes.sql.ts`.
 */

/** Bytes of texts as they are stored. */
export function bytesOf(...texts: readonly (string | null)[]): number {
  let bytes = 0;
  for (const text of texts) if (text !== null) bytes += Buffer.byteLength(text);
  return bytes;
}

/** The texts of an alteration. */
export function alterationBytes(row: AlterationRow): number {
  const { atomeId, operation, author, sourceClient, opId, hlc, timestamp, salt, digest, prevHash, hash } = row;
  return (
    bytesOf(row.changes, row.snapshot, row.reason, row.superseded, opId, sourceClient, author) +
    atomeId.length +
    operation.length +
    hlc.length +
    timestamp.length +
    salt.length +
    digest.length +
    prevHash.length +
    hash.length
  );
}

/**
 * The texts of an atome as it is.
 * @param documentBytes those of its `data` and `meta`, where they are known.
 */
export function atomeBytes(row: Omit<AtomeRow, 'size'>, documentBytes = bytesOf(row.data, row.meta)): number {
  const { id, kind, type, parentId, ownerId, createdAt, updatedAt, deletedAt, heirOf } = row;
  return (
    documentBytes +
    bytesOf(row.clocks, row.access, row.readers, ownerId, kind, type) +
    id.length +
    (parentId?.length ?? 0) +
    createdAt.length +
    updatedAt.length +
    (deletedAt?.length ?? 0) +
    (heirOf?.length ?? 0)
  );
}

/** The texts of what a write without an alteration was answered. */
export function receiptBytes(row: IdempotencyRecord): number {
  const { author, opId, atomeId, operation, changes, superseded, timestamp } = row;
  return bytesOf(author, opId, changes, superseded) + atomeId.length + operation.length + timestamp.length;
}
