import { placeIn } from '../ledger/place.js';
import type { AtomeRow } from '../ledger/rows.js';
import type { ListQuery, SortKey } from '../ledger/store.js';
import { ID_PATTERN, invalid } from '../protocol/index.js';

type Place = NonNullable<ListQuery['after']>;

/** The place of a row in an order, as opaque text for `nextCursor`. */
export function encodeCursor(sortBy: SortKey, row: AtomeRow): string {
  return Buffer.from(JSON.stringify([sortBy, placeIn(sortBy, row), row.id])).toString('base64url');
}

/** @throws AtomeError `invalid` for text that is no cursor of this order. */
export function decodeCursor(cursor: string, sortBy: SortKey): Place {
  const parts = parse(cursor);
  if (Array.isArray(parts) && parts.length === 3) {
    const [key, value, id] = parts as unknown[];
    if (key === sortBy && isValue(sortBy, value) && typeof id === 'string' && ID_PATTERN.test(id)) return { value, id };
  }
  throw invalid([{ path: 'cursor', message: `must be the nextCursor of a page with sortBy=${sortBy}` }]);
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined; // reported by the caller, like every other text that is no cursor
  }
}

function isValue(sortBy: SortKey, value: unknown): value is Place['value'] {
  const isNumber = sortBy === 'updatedAt' || sortBy === 'createdAt' || sortBy === 'version';
  if (isNumber) return Number.isSafeInteger(value);
  return typeof value === 'string' && (value === '' || ID_PATTERN.test(value));
}
