import type { Atome } from '../atome.js';
import { invalid, type AtomeError } from '../errors.js';
import { compareText, isOddText, valueAt, type FieldPath } from './condition.js';
import { parseFieldPath } from './parse-condition.js';

/** One field that atomes are ordered by. */
export interface SortField {
  readonly field: FieldPath;
  readonly isDescending: boolean;
}

/** What atomes are ordered by: the second field decides where the first is equal, and at last the id. */
export type Sort = readonly SortField[];

/** Most fields of an order. */
export const MAX_SORT_FIELDS = 4;
/** So many characters of a text decide; the rest of it does not. */
export const SORT_CHARS = 128;

/** Values in order of their types. What has no order of its own is equal: arrays, objects, and texts that databases have not. */
export const SORT_RANK = { missing: 0, null: 1, false: 2, true: 3, number: 4, text: 5, other: 6 } as const;

/** What an order goes by in a field: a number or a text by its value, all else by its type alone. */
export type SortValue = readonly [rank: number, value: number | string | null];

/**
 * An order as it is written: `-data.dueAt,data.title` is by `data.dueAt` downwards, then by `data.title` upwards.
 * @throws AtomeError `invalid`
 */
export function parseSort(text: string): Sort {
  const names = text.split(',');
  if (names.length > MAX_SORT_FIELDS) throw wrong(`may name at most ${MAX_SORT_FIELDS} fields`);
  const plain = names.map((name) => name.replace(/^-/, ''));
  const twice = plain.find((name, place) => plain.indexOf(name) !== place);
  if (twice !== undefined) throw wrong(`names ${twice.slice(0, 64)} twice`);
  return plain.map((name, place) => ({
    field: parseFieldPath(name, 'sort'),
    isDescending: names[place] !== name,
  }));
}

/** What an order goes by in a field of an atome. */
export function sortValueAt(field: FieldPath, atome: Atome): SortValue {
  const value = valueAt(field, atome);
  switch (typeof value) {
    case 'undefined':
      return [SORT_RANK.missing, null];
    case 'boolean':
      return [value ? SORT_RANK.true : SORT_RANK.false, null];
    case 'number':
      return [SORT_RANK.number, value];
    case 'string':
      return isOddText(value) ? [SORT_RANK.other, null] : [SORT_RANK.text, shortened(value)];
    default:
      return [value === null ? SORT_RANK.null : SORT_RANK.other, null];
  }
}

/** Less than 0 where the first comes first, 0 where they are equal. */
export function compareSortValues([rank, value]: SortValue, [otherRank, other]: SortValue): number {
  if (rank !== otherRank) return rank - otherRank;
  if (typeof value === 'number' && typeof other === 'number') return value - other;
  return typeof value === 'string' && typeof other === 'string' ? compareText(value, other) : 0;
}

/** The order of atomes: the same as that of the databases, and never 0 for two of them. */
export function compareAtomes(sort: Sort, one: Atome, other: Atome): number {
  for (const { field, isDescending } of sort) {
    const difference = compareSortValues(sortValueAt(field, one), sortValueAt(field, other));
    if (difference !== 0) return isDescending ? -difference : difference;
  }
  const difference = compareText(one.id, other.id);
  return sort.at(-1)?.isDescending ? -difference : difference;
}

/** What of a text decides. */
export function shortened(text: string): string {
  return text.length <= SORT_CHARS
    ? text
    : Array.from(text.slice(0, 2 * SORT_CHARS))
        .slice(0, SORT_CHARS)
        .join('');
}

function wrong(message: string): AtomeError {
  return invalid([{ path: 'sort', message }]);
}
