import type { Atome } from '../protocol/index.js';
import type { AlterationRow } from './rows.js';

/*
 * Erasure by law. A `redact` takes the payload of all earlier rows of its atome, for good: their changes,
 * reason, snapshot and salt. Header, digest and hash stay, so that the chain still verifies. In SQL: stores/sql.ts.
 */

/** The columns of a row whose payload is erased. JSON's null: what reads the column finds no changes. */
export const ERASED = { changes: 'null', reason: null, snapshot: null, salt: '' } as const;

/** Whether a row has been erased: every row is written with a salt. */
export function isErased({ salt }: Pick<AlterationRow, 'salt'>): boolean {
  return salt === ERASED.salt;
}

/** Whether nothing of the payload is left in an erased row. */
export function isWhollyErased({ changes, reason, snapshot }: AlterationRow): boolean {
  return changes === ERASED.changes && reason === ERASED.reason && snapshot === ERASED.snapshot;
}

/** Stands for a state that nobody knows any more. */
export function unknownAtome({ atomeId, version, timestamp }: AlterationRow): Atome {
  const times = { createdAt: timestamp, updatedAt: timestamp, deletedAt: timestamp };
  return { id: atomeId, kind: '', type: null, data: {}, meta: {}, parentId: null, ownerId: '', version, ...times };
}
