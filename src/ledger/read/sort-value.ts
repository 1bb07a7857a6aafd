import type { AtomeRow } from '../rows.js';
import type { SortKey } from '../store.js';

/** Where a row is in an order. */
export function sortValueOf(sortBy: SortKey, row: AtomeRow): string | number {
  switch (sortBy) {
    case 'updatedAt':
      return row.seq;
    case 'createdAt':
      return row.createdSeq;
    case 'type':
      return row.type ?? '';
    default:
      return row[sortBy];
  }
}
