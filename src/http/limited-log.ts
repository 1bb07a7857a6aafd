import type { LoggerService } from '@nestjs/common';

const INTERVAL_MS = 10_000;
/** What goes on for hours is said as often, in milliseconds. */
const LONGEST_MS = 10 * 60_000;

/** What is still to be summed up, of all logs of the process. */
const pending = new Set<() => void>();

/** Sums up at once what has been met so far: for the end of a server, whose intervals nobody lives to see. */
export function sumUpNow(): void {
  for (const end of pending) end();
}

/**
 * Logs a cause that may recur with each request: at once the first time, then at most one line for each interval, which
 * sums up how often it was met; intervals grow as long as it goes on. Causes are fixed texts of the program, never input, so
 * that their number is bounded.
 */
export class LimitedLog {
  private readonly causes = new Map<string, { leftOut: number; message: string }>();

  constructor(
    private readonly logger: Pick<LoggerService, 'warn'>,
    private readonly intervalMs = INTERVAL_MS,
  ) {}

  /** @param message one line: what was refused or failed, why, and the setting that helps. */
  warn(cause: string, message: string): void {
    const known = this.causes.get(cause);
    if (!known) {
      this.await(cause, this.intervalMs);
      this.logger.warn(message);
      return;
    }
    known.leftOut += 1;
    known.message = message;
  }

  /** Sums up when the interval is over; a cause that was not met in it is news the next time. */
  private await(cause: string, ms: number): void {
    const met = { leftOut: 0, message: '' };
    this.causes.set(cause, met);
    const begun = performance.now();
    const sumUp = (lastedMs: number): boolean => {
      pending.delete(end);
      this.causes.delete(cause);
      if (met.leftOut === 0) return false;
      this.logger.warn(`${met.message} (${met.leftOut} more in ${lastedMs / 1_000} s)`);
      return true;
    };
    const timer = setTimeout(() => {
      if (sumUp(ms)) this.await(cause, Math.min(ms * 2, LONGEST_MS));
    }, ms).unref();
    const end = (): void => {
      clearTimeout(timer);
      sumUp(Math.ceil((performance.now() - begun) / 100) * 100);
    };
    pending.add(end);
  }
}
