const SECONDS = 60;

/** One second of a stream. */
export interface Second {
  readonly count: number;
  /** Mean latency; null for a second without events. */
  readonly latencyMs: number | null;
}

/** How many events came in each of the last seconds. */
export interface Rate {
  readonly count: (latencyMs: number) => void;
  /** The latest last. */
  readonly seconds: () => readonly Second[];
}

/** Holds a number for each second, however much comes in it. */
export function createRate(now: () => number = Date.now): Rate {
  const sums = new Map<number, { count: number; ms: number }>();
  const current = (): number => Math.floor(now() / 1_000);
  return {
    count(latencyMs) {
      const at = current();
      const sum = sums.get(at) ?? { count: 0, ms: 0 };
      sums.set(at, { count: sum.count + 1, ms: sum.ms + latencyMs });
      for (const old of sums.keys()) if (old <= at - SECONDS) sums.delete(old);
    },
    seconds() {
      const first = current() - SECONDS + 1;
      return Array.from({ length: SECONDS }, (_, place) => {
        const { count, ms } = sums.get(first + place) ?? { count: 0, ms: 0 };
        return { count, latencyMs: count > 0 ? ms / count : null };
      });
    },
  };
}
