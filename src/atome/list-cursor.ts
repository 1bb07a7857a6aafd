import { createHash } from 'node:crypto';
import { sortValueOf } from '../ledger/read/sort-value.js';
import type { AtomeRow } from '../ledger/rows.js';
import type { ListQuery, SortKey } from '../ledger/store.js';
import { ID_PATTERN, invalid, KIND_PATTERN, MAX_VERSION, type AtomeError } from '../protocol/index.js';

type ListCursor = NonNullable<ListQuery['after']>;

/** What a cursor belongs to: another order or another filter is another list. */
export type Listing = Omit<ListQuery, 'after' | 'limit' | 'offset' | 'visibleTo'>;

/** The place of a row in a list, as opaque text for `nextCursor`. */
export function encodeCursor(listing: Listing, row: AtomeRow): string {
  const { sortBy, sortOrder } = listing;
  const parts = [sortBy, sortValueOf(sortBy, row), row.id, sortOrder, filterDigest(listing)];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * One of three parts is from before order and filter were in it, and is taken as it is.
 * @throws AtomeError `invalid` for text that is no cursor of this list.
 */
export function decodeCursor(cursor: string, listing: Listing): ListCursor {
  const parts = parse(cursor);
  const { sortBy, sortOrder } = listing;
  if (!Array.isArray(parts) || (parts.length !== 3 && parts.length !== 5)) throw notOf(`sortBy=${sortBy}`);
  const [key, value, id, order = sortOrder, filter] = parts as unknown[];
  if (key !== sortBy || !isValue(sortBy, value) || typeof id !== 'string' || !ID_PATTERN.test(id)) {
    throw notOf(`sortBy=${sortBy}`);
  }
  if (order !== sortOrder) throw notOf(`sortOrder=${sortOrder}`);
  if (parts.length === 5 && filter !== filterDigest(listing)) throw notOf('the same filters');
  return { value, id };
}

function notOf(what: string): AtomeError {
  return invalid([{ path: 'cursor', message: `must be the nextCursor of a page with ${what}; or begin without it` }]);
}

function filterDigest({ kind, type, parentId, search, includeDeleted, where }: Listing): string {
  // the compiler asks for every filter; their order is in the cursors that clients hold
  const filters: Record<Exclude<keyof Listing, 'sortBy' | 'sortOrder'>, unknown> = {
    kind: kind ?? '',
    type: type ?? '',
    parentId: parentId === undefined ? '' : [parentId],
    search: search ?? '',
    includeDeleted,
    where,
  };
  return (
    createHash('sha256')
      // without conditions, as it was before there were any
      .update(JSON.stringify(Object.values(filters).filter((filter) => filter !== undefined)))
      .digest('base64url')
      .slice(0, 8)
  );
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined; // reported by the caller, like every other text that is no cursor
  }
}

/** What the column of an order can hold: a database may refuse to compare it with anything else. */
function isValue(sortBy: SortKey, value: unknown): value is ListCursor['value'] {
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
