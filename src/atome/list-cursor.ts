import { placeIn } from '../ledger/place.js';
import type { AtomeRow } from '../ledger/rows.js';
import type { ListQuery, SortKey } from '../ledger/store.js';
import { ID_PATTERN, invalid, KIND_PATTERN, MAX_VERSION } from '../protocol/index.js';

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

/** What the column of an order can hold: a database may refuse to compare it with anything else. */
function isValue(sortBy: SortKey, value: unknown): value is Place['value'] {
  switch (sortBy) {
    case 'updatedAt':
    case 'createdAt':
      return isWhole(value, Number.MAX_SAFE_INTEGER);
    case 'version':
      return isWhole(value, MAX_VERSION);
    case 'id':
      return typeof value === 'string' && ID_PATTERN.test(value);
    case 'kind':
      return typeof value === 'string' && KIND_PATTERN.test(value);
    case 'type':
      return typeof value === 'string' && (value === '' || KIND_PATTERN.test(value));
  }
}

function isWhole(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max;
}
