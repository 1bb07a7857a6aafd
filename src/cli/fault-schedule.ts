/** A fault of the network, and when it comes. */
export interface ScheduledFault {
  readonly kind: 'cut' | 'half-open' | 'stall';
  /** How long after the one before, in milliseconds. */
  readonly afterMs: number;
  /** How long it lasts, in milliseconds; 0 for one that is done at once. */
  readonly ms: number;
}

const KINDS = ['cut', 'half-open', 'stall'] as const;

/** Faults without an end, the same ones for the same numbers. @param everyMs how far apart they are on average. */
export function* faultsFrom(random: () => number, everyMs: number): Generator<ScheduledFault, never> {
  for (;;) {
    const kind = KINDS[Math.floor(random() * KINDS.length)]!;
    const [afterMs, ms] = [2 * random() * everyMs, random() * everyMs];
    yield { kind, afterMs, ms: kind === 'stall' ? ms : 0 };
  }
}
