/** Runs something later; what it returns cancels that. */
export type After = (ms: number, run: () => void) => () => void;

/** The platform's timers. */
export const after: After = (ms, run) => {
  const handle = setTimeout(run, ms);
  return () => clearTimeout(handle);
};

/** One alarm: setting it again cancels what was set, and it may be stopped at any time. */
export class Timer {
  private cancel: (() => void) | undefined;

  constructor(private readonly after: After) {}

  start(ms: number, run: () => void): void {
    this.stop();
    this.cancel = this.after(ms, run);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }
}
