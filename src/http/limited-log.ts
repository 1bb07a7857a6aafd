import type { LoggerService } from '@nestjs/common';

const INTERVAL_MS = 10_000;

/**
 * Logs a cause that may recur with each request: at once the first time, then at most one line for each interval, which
 * tells how many were left out. Causes are fixed texts of the program, never input, so that their number is bounded.
 */
export class LimitedLog {
  private readonly causes = new Map<string, { until: number; leftOut: number }>();

  constructor(
    private readonly logger: Pick<LoggerService, 'warn'>,
    private readonly intervalMs = INTERVAL_MS,
    private readonly now: () => number = Date.now,
  ) {}

  /** @param message one line: what was refused or failed, why, and the setting that helps. */
  warn(cause: string, message: string): void {
    const at = this.now();
    const known = this.causes.get(cause);
    if (known && at < known.until) {
      known.leftOut += 1;
      return;
    }
    const more = known && known.leftOut > 0 ? ` (${known.leftOut} more since the last line)` : '';
    this.causes.set(cause, { until: at + this.intervalMs, leftOut: 0 });
    this.logger.warn(message + more);
  }
}
