import type { Atome, JsonValue } from '@atome-sync/client';
import type { ListQuery } from './list-query.js';

/** A column of the table. */
export interface Column {
  /** What it sorts by. */
  readonly key: string;
  readonly label: string;
  /** Of a track of a grid. */
  readonly width: string;
}

const NAME: Column = { key: 'name', label: 'Name', width: 'minmax(10rem, 3fr)' };
const CONTENT: Column = { key: 'content', label: 'Content', width: 'minmax(8rem, 4fr)' };
const KIND: Column = { key: 'kind', label: 'Kind', width: '7.5rem' };
const LAST: readonly Column[] = [
  { key: 'ownerId', label: 'Owner', width: '8rem' },
  { key: 'version', label: 'Version', width: '4.75rem' },
  { key: 'updatedAt', label: 'Updated', width: '6.5rem' },
];

/** The columns of a list: those that are asked for in the place of the content; fewer beside a detail. */
export function columnsOf(
  { columns, mode }: Pick<ListQuery, 'columns' | 'mode'>,
  isNarrow: boolean,
): readonly Column[] {
  const own = columns.map((key) => ({ key, label: key.replace(/^data\./, ''), width: 'minmax(7rem, 1.5fr)' }));
  const last = isNarrow ? LAST.slice(-1) : LAST;
  return [NAME, ...(own.length > 0 ? own : mode === 'tree' ? [] : [CONTENT]), KIND, ...last];
}

/** What an atome has at a path such as `data.author.name`. */
export function valueAt(atome: Atome, path: string): JsonValue | undefined {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined,
      atome,
    ) as JsonValue | undefined;
}

/** Paths of keys of the first atomes, the most frequent first. */
export function pathsIn(atomes: readonly Atome[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { data } of atomes.slice(0, 200))
    for (const key of Object.keys(data)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([key]) => `data.${key}`);
}
