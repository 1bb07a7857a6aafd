import { setTimeout } from 'node:timers/promises';

const PAUSE_MS = 20;
/** As long as better-sqlite3 waits by itself, in milliseconds. */
const PATIENCE_MS = 5_000;

/** Whether somebody else has the lock. */
export function isLocked(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
}

/**
 * Waits for a lock that another process has. SQLite would sleep, and this process with it: its own waiting is to be off
 * (`busy_timeout = 0`). All who wait share one patience: once it is at an end, each tries and is refused at once.
 */
export class Patience {
  private lockedSince: number | undefined;
  private triedAt = 0;

  constructor(private readonly patienceMs = PATIENCE_MS) {}

  /** Rejects with what the work throws; when it throws that the database is locked, it is tried again first. */
  async run<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        const result = work();
        this.lockedSince = undefined;
        return result;
      } catch (error) {
        if (!isLocked(error)) throw error;
        const now = performance.now();
        // where nobody has tried for long, it need not be the lock of then
        if (this.lockedSince === undefined || now - this.triedAt > this.patienceMs) this.lockedSince = now;
        this.triedAt = now;
        if (now - this.lockedSince >= this.patienceMs) throw error;
      }
      await setTimeout(PAUSE_MS);
    }
  }
}
