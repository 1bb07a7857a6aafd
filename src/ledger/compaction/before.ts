import { BYTES_OF_ALTERATION } from '../stores/row-bytes.sql.js';
import type { SqlDatabase } from '../stores/sql.part.js';

/** Which alterations go: those before a seq or a time, or the oldest of more than so many bytes. */
export type Before = { readonly seq: number } | { readonly time: string } | { readonly bytes: number };

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const POWERS = ['', 'K', 'M', 'G', 'T'];

/** How long ago, in milliseconds, a text such as `90d` says; undefined for another. */
export function spanOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** When a span before now began; however long, not before times are told. */
export function timeBefore(now: number, spanMs: number): string {
  return new Date(Math.max(0, now - spanMs)).toISOString();
}

/** What `--before` says: a seq, a time or how long ago, or a size; undefined where it is none of them. */
export function parseBefore(text: string, now: number): Before | undefined {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
  const span = spanOf(text);
  if (span !== undefined) return { time: timeBefore(now, span) };
  const [, count, power, binary] = /^(\d{1,9})([KMGT]?)(i?)B$/.exec(text) ?? [];
  if (count !== undefined) return { bytes: Number(count) * (binary ? 1_024 : 1_000) ** POWERS.indexOf(power ?? '') };
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : { time: new Date(time).toISOString() };
}

const SELECT_TIME = 'SELECT timestamp FROM atome_alterations WHERE tenant = ? AND seq = ?';
const SELECT_BEYOND = `SELECT coalesce(max(seq), 0) AS seq FROM (
    SELECT l.seq AS seq, SUM(${BYTES_OF_ALTERATION}) OVER (ORDER BY l.seq DESC) AS total
    FROM atome_alterations AS l WHERE l.tenant = ? AND l.seq > ?
  ) AS sums WHERE total > ?`;

/** The last alteration that goes, of those behind the floor and up to `upTo`; the floor itself: none does. */
export async function lastBefore(
  database: Pick<SqlDatabase, 'query' | 'scan'>,
  tenant: string,
  before: Before,
  { floor, upTo }: { readonly floor: number; readonly upTo: number },
): Promise<number> {
  if ('seq' in before) return before.seq - 1;
  if ('bytes' in before) {
    const scan = { sql: SELECT_BEYOND, params: [tenant, floor, before.bytes], isHeavy: true };
    const [row] = (await database.scan(tenant, scan)) as { seq: unknown }[];
    return Number(row!.seq);
  }
  // order by time is order by seq
  let [low, high] = [floor, upTo];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [row] = (await database.query(tenant, SELECT_TIME, [tenant, middle])) as { timestamp: string }[];
    if (row && row.timestamp >= before.time) high = middle - 1;
    else low = middle;
  }
  return low;
}
