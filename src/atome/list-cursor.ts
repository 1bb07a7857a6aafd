import { createHash } from 'node:crypto';
import { placeOf } from '../ledger/read/sort-value.js';
import type { AtomeRow } from '../ledger/rows.js';
import type { ListCursor, ListQuery, SortKey } from '../ledger/store.js';
import {
  ID_PATTERN,
  invalid,
  isOddText,
  KIND_PATTERN,
  MAX_VERSION,
  SORT_RANK,
  shortened,
  type AtomeError,
  type Sort,
  type SortField,
  type SortValue,
} from '../protocol/index.js';

/** Stands first in a cursor of a list that is ordered by fields. */
const BY_FIELDS = 'sort';

/** What a cursor belongs to: another order or another filter is another list. */
export type Listing = Omit<ListQuery, 'after' | 'limit' | 'offset' | 'visibleTo'>;

/** The place of a row in a list, as opaque text for `nextCursor`. */
export function encodeCursor(listing: Listing, row: AtomeRow): string {
  const { sort, sortBy, sortOrder } = listing;
  const { value, id } = placeOf(listing, row);
  const parts = sort
    ? [BY_FIELDS, value, id, filterDigest(listing)]
    : [sortBy, value, id, sortOrder, filterDigest(listing)];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * One of three parts is from before order and filter were in it, and is taken as it is.
 * @throws AtomeError `invalid` for text that is no cursor of this list.
 */
export function decodeCursor(cursor: string, listing: Listing): ListCursor {
  const parts = parse(cursor);
  const { sort, sortBy, sortOrder } = listing;
  if (sort) return decodeByFields(parts, sort, listing);
  if (!Array.isArray(parts) || (parts.length !== 3 && parts.length !== 5)) throw notOf(`sortBy=${sortBy}`);
  const [key, value, id, order = sortOrder, filter] = parts as unknown[];
  if (key !== sortBy || !isValue(sortBy, value) || typeof id !== 'string' || !ID_PATTERN.test(id)) {
    throw notOf(`sortBy=${sortBy}`);
  }
  if (order !== sortOrder) throw notOf(`sortOrder=${sortOrder}`);
  if (parts.length === 5 && filter !== filterDigest(listing)) throw notOf('the same filters');
  return { value, id };
}

function decodeByFields(parts: unknown, sort: Sort, listing: Listing): ListCursor {
  const [key, values, id, filter] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (key !== BY_FIELDS || filter !== filterDigest(listing)) throw notOf('the same sort and filters');
  const isPlace = Array.isArray(values) && sort.every((field, place) => isSortValue(field, values[place]));
  if (!isPlace || typeof id !== 'string' || !ID_PATTERN.test(id)) throw notOf('the same sort and filters');
  return { value: values as SortValue[], id };
}

function isSortValue({ field }: SortField, input: unknown): boolean {
  const [rank, value] = Array.isArray(input) ? (input as unknown[]) : [];
  if ('own' in field && (rank === SORT_RANK.number) !== (field.own === 'version')) return false;
  if (rank === SORT_RANK.number) return Number.isFinite(value);
  if (rank === SORT_RANK.text) return typeof value === 'string' && !isOddText(value) && shortened(value) === value;
  return value === null && Object.values<unknown>(SORT_RANK).includes(rank);
}

function notOf(what: string): AtomeError {
  return invalid([{ path: 'cursor', message: `must be the nextCursor of a page with ${what}; or begin without it` }]);
}

function filterDigest({ kind, type, parentId, search, includeDeleted, where, sort }: Listing): string {
  // the compiler asks for every filter; their order is in the cursors that clients hold
  const filters: Record<Exclude<keyof Listing, 'sortBy' | 'sortOrder'>, unknown> = {
    kind: kind ?? '',
    type: type ?? '',
    parentId: parentId === undefined ? '' : [parentId],
    search: search ?? '',
    includeDeleted,
    where,
    sort,
  };
  return (
    createHash('sha256')
      // without conditions and fields, as it was before there were any
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
