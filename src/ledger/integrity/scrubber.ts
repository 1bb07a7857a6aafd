import type { LedgerStore } from '../store.js';

/** How long erasures wait to share one run, in milliseconds: a run may rewrite a file, or walk through tables of all tenants. */
const INTERVAL_MS = 60_000;

/** Has the database overwrite what it keeps of erased payloads: one run at a time and an interval, and none is forgotten. */
export class Scrubber {
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isWanted = false;
  private nextAt = 0;

  constructor(
    private readonly store: Pick<LedgerStore, 'scrub'>,
    private readonly onError: (error: unknown) => void,
    private readonly intervalMs = INTERVAL_MS,
  ) {}

  /** Soon, or when an interval has passed since the last; whoever waits for it uses {@link done}. */
  scrub(): void {
    this.isWanted = true;
    if (this.running || this.timer) return;
    // what is erased in this turn is scrubbed together
    this.timer = setTimeout(() => void this.run(), Math.max(0, this.nextAt - performance.now())).unref();
  }

  /** Runs at once what waits for its time. Resolves when all that was asked for has run. */
  async done(): Promise<void> {
    await this.running;
    if (this.isWanted) await this.run();
  }

  private run(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isWanted = false;
    this.running ??= this.store
      .scrub()
      .catch(this.onError)
      .finally(() => {
        this.running = undefined;
        this.nextAt = performance.now() + this.intervalMs;
        if (this.isWanted) this.scrub();
      });
    return this.running;
  }
}
