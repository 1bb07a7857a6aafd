/** The longest time a timer can wait; a later one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls once when a time has come, however far off it is. */
export class Deadline {
  private timer: NodeJS.Timeout | undefined;

  /** @param at milliseconds since 1970; null for never. */
  constructor(
    private readonly at: number | null,
    private readonly call: () => void,
  ) {
    this.wait();
  }

  clear(): void {
    clearTimeout(this.timer);
  }

  private wait(): void {
    if (this.at === null) return;
    const left = this.at - Date.now();
    this.timer = setTimeout(() => (left > MAX_TIMER_MS ? this.wait() : this.call()), Math.min(left, MAX_TIMER_MS));
    this.timer.unref();
  }
}
