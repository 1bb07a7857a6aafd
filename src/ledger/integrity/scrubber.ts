import type { LedgerStore } from '../store.js';

/** Has the database overwrite what it keeps of erased payloads: one run at a time, and none is forgotten. */
export class Scrubber {
  private running: Promise<void> | undefined;
  private isWanted = false;

  constructor(
    private readonly store: LedgerStore,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Soon; whoever waits for it uses {@link done}. */
  scrub(): void {
    this.isWanted = true;
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  /** Resolves when all that was asked for has run. */
  async done(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.isWanted) {
      // what is erased in this turn is scrubbed together
      await new Promise(setImmediate);
      this.isWanted = false;
      await this.store.scrub().catch(this.onError);
    }
  }
}
