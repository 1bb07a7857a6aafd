/** The longest time a timer can wait; a later one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls once when a time has come, however far off it is. */
export class Deadline {
  private timer: NodeJS.Timeout | undefined;

  /** @param at by the clock of `now`; null for never. */
  constructor(
    private readonly at: number | null,
    private readonly call: () => void,
    private readonly now: () => number,
  ) {
    this.wait();
  }

  clear(): void {
    clearTimeout(this.timer);
  }

  private wait(): void {
    if (this.at === null) return;
    const left = this.at - this.now();
    this.timer = setTimeout(() => (left > MAX_TIMER_MS ? this.wait() : this.call()), Math.min(left, MAX_TIMER_MS));
    this.timer.unref();
  }
}
