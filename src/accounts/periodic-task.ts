/** Repeats a task at an interval, one run after the other, from `start` to `stop`. */
export class PeriodicTask {
  private timer: NodeJS.Timeout | undefined;
  private isFailing = false;

  constructor(
    private readonly everyMs: number,
    private readonly task: () => Promise<void>,
    /** Told once of failures that follow each other. */
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.stop();
    const timer = setTimeout(() => void this.run(timer), this.everyMs);
    this.timer = timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async run(timer: NodeJS.Timeout): Promise<void> {
    try {
      await this.task();
      this.isFailing = false;
    } catch (error) {
      // what fails because all ends is no failure
      if (this.timer === timer && !this.isFailing) this.onError(error);
      this.isFailing = true;
    }
    if (this.timer === timer) this.start();
  }
}
