import { timeBefore } from '../ledger/compaction/before.js';
import { oldestKept } from '../ledger/compaction/oldest-kept.js';
import type { LedgerStore } from '../ledger/store.js';

/** How long what was measured counts, in milliseconds. */
const COUNTS_MS = 3_600_000;

/** By how much what is to go and is still there has outstayed its time. */
export class RetentionLag {
  private measuring: Promise<void> | undefined;
  private measuredAt = -Infinity;
  private lateMs = 0;

  /** @param signal ends what is being measured. */
  constructor(
    private readonly store: Pick<LedgerStore, 'tenants' | 'ledger'>,
    private readonly keepMs: number,
    private readonly signal: AbortSignal,
  ) {}

  /** In milliseconds, as it was found in the last hour; 0: nothing has, and undefined: nothing is to go. */
  get ms(): number | undefined {
    if (this.keepMs === 0) return undefined;
    if (performance.now() - this.measuredAt >= COUNTS_MS) void this.measure();
    return this.lateMs;
  }

  /** Looks again. A ledger at a time, so that nobody waits for all of them. */
  measure(): Promise<void> {
    this.measuredAt = performance.now();
    return (this.measuring ??= this.latest()
      .then((ms) => void (this.lateMs = ms))
      // the store has said why not
      .catch(() => undefined)
      .finally(() => (this.measuring = undefined)));
  }

  /** Resolves when nothing is being measured. */
  async done(): Promise<void> {
    await this.measuring;
  }

  private async latest(): Promise<number> {
    const due = timeBefore(Date.now(), this.keepMs);
    let oldest = due;
    for (const tenant of await this.store.tenants()) {
      if (this.signal.aborted) break;
      const kept = await oldestKept(this.store.ledger(tenant));
      if (kept !== undefined && kept < oldest) oldest = kept;
    }
    return Date.parse(due) - Date.parse(oldest);
  }
}
