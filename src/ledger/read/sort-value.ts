import { sortValueAt } from '../../protocol/index.js';
import { atomeOf } from '../row-mapper.js';
import type { AtomeRow } from '../rows.js';
import type { ListCursor, ListQuery } from '../store.js';

/** Where a row is in the order of a list. */
export function placeOf({ sort, sortBy }: Pick<ListQuery, 'sort' | 'sortBy'>, row: AtomeRow): ListCursor {
  if (!sort) return { value: sortValueOf(sortBy, row), id: row.id };
  const atome = atomeOf(row);
  return { value: sort.map(({ field }) => sortValueAt(field, atome)), id: row.id };
}

function sortValueOf(sortBy: ListQuery['sortBy'], row: AtomeRow): string | number {
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
