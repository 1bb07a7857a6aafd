/**
 * Hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014). A stamp is text that
 * sorts as the clock does: 15 digits of wall milliseconds, 4 hex digits of counter, the node's id.
 */
export type Hlc = string;

export const HLC_PATTERN = /^\d{15}-[0-9a-f]{4}-[A-Za-z0-9_.:-]{1,64}$/;

/** How far ahead of the receiver's own clock a stamp may be before it is clamped, in milliseconds. */
export const MAX_DRIFT_MS = 60_000;

export const MAX_COUNTER = 0xffff;

export function formatHlc(wallMs: number, counter: number, node: string): Hlc {
  return `${String(wallMs).padStart(15, '0')}-${counter.toString(16).padStart(4, '0')}-${node}`;
}

/** Wall milliseconds of a stamp. */
export function wallOf(hlc: Hlc): number {
  return Number(hlc.slice(0, 15));
}

/** A stamp more than {@link MAX_DRIFT_MS} ahead of `now` is set back to that bound. */
export function clampHlc(hlc: Hlc, now: number): Hlc {
  const bound = now + MAX_DRIFT_MS;
  return wallOf(hlc) > bound ? formatHlc(bound, 0, hlc.slice(21)) : hlc;
}

/** One node's clock: each stamp is greater than all it has given or observed before. */
export class HybridClock {
  private wall = 0;
  private counter = 0;

  constructor(
    readonly node: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes note of a stamp from elsewhere, so that the next own one is greater. */
  observe(hlc: Hlc): void {
    const wall = wallOf(hlc);
    const counter = parseInt(hlc.slice(16, 20), 16);
    if (wall > this.wall || (wall === this.wall && counter > this.counter)) {
      this.wall = wall;
      this.counter = counter;
    }
  }

  /** The stamp for a write made now. */
  tick(): Hlc {
    const now = this.now();
    if (now > this.wall) {
      this.wall = now;
      this.counter = 0;
    } else if (this.counter === MAX_COUNTER) {
      this.wall += 1;
      this.counter = 0;
    } else {
      this.counter += 1;
    }
    return formatHlc(this.wall, this.counter, this.node);
  }
}
