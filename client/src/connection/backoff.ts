/** How attempts are spread over time. */
export interface Backoff {
  /** Bound of the first delay, in milliseconds; it doubles with each attempt. */
  readonly firstMs: number;
  /** Largest bound of a delay, in milliseconds. */
  readonly maxMs: number;
  /** How often to try again before giving up. */
  readonly attempts: number;
}

/** However long a server asks to stay away: a fault of its must not keep anybody out for days, in milliseconds. */
const MAX_FLOOR_MS = 3_600_000;

/**
 * The delay before a further attempt, with full jitter, so that clients that were cut off together do not come
 * back together ("Exponential Backoff and Jitter", AWS Architecture Blog, 2015). The jitter lies on top of what
 * the server asked for: clients that wait just that long would all be back at once.
 */
export function backoffMs(attempt: number, { firstMs, maxMs }: Backoff, chance: number, floorMs: unknown = 0): number {
  const floor = Math.min(MAX_FLOOR_MS, Math.max(0, Number(floorMs) || 0));
  return floor + Math.round(chance * Math.min(maxMs, firstMs * 2 ** attempt));
}
