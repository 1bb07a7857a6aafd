/** Counts something by key in the time just past. What is oldest is forgotten first when there is too much. */
export class SlidingWindowCounter {
  private readonly times = new Map<string, number[]>();

  constructor(
    readonly limit: number,
    private readonly windowMs: number,
    private readonly maxKeys = 20_000,
  ) {}

  /** Milliseconds until there is room for one more; 0 when there is. */
  waitMs(key: string, now: number): number {
    const times = this.recent(key, now);
    return times.length < this.limit ? 0 : times[times.length - this.limit]! + this.windowMs - now;
  }

  add(key: string, now: number): void {
    const times = [...this.recent(key, now), now].slice(-this.limit);
    this.times.delete(key);
    this.times.set(key, times);
    const [oldest] = this.times.keys();
    if (this.times.size > this.maxKeys && oldest !== undefined) this.times.delete(oldest);
  }

  /** Takes back one that was none. */
  retract(key: string, time: number): void {
    const times = this.times.get(key) ?? [];
    const at = times.indexOf(time);
    if (at >= 0) times.splice(at, 1);
    if (times.length === 0) this.times.delete(key);
  }

  /** Forgets what was counted up to a time. */
  clear(key: string, until: number): void {
    const left = (this.times.get(key) ?? []).filter((time) => time > until);
    if (left.length > 0) this.times.set(key, left);
    else this.times.delete(key);
  }

  private recent(key: string, now: number): readonly number[] {
    return (this.times.get(key) ?? []).filter((time) => time > now - this.windowMs);
  }
}
