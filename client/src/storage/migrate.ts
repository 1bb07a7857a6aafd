import type { Format, Tables } from './store.js';

/** One record of version `from`, brought forward to the format's. */
export function migrate<Table extends keyof Tables>(
  { migrations }: Format,
  from: number,
  table: Table,
  record: unknown,
): Tables[Table] {
  return migrations
    .slice(from - 1)
    .reduce(
      (old, step) => (step[table] as ((old: unknown) => unknown) | undefined)?.(old) ?? old,
      record,
    ) as Tables[Table];
}
