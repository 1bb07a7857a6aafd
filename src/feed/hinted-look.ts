import { setTimeout as elapse } from 'node:timers/promises';
import type { LedgerTail } from './ledger-tail.js';

/** How long hints wait after one that was untrue, or came when it was known already, in milliseconds. */
const REST_MS = 50;

/**
 * Looks at a ledger when another node says that it has grown: one look at a time, and seldom where there is nothing to see. So
 * whatever somebody sends over a bus costs a few looks a second.
 */
export class HintedLook {
  private isBusy = false;
  private hasMore = false;

  constructor(private readonly tail: Pick<LedgerTail, 'seq' | 'refresh'>) {}

  /** Takes note of a seq, which may be untrue. */
  hint(seq: number): void {
    if (seq <= this.tail.seq) return;
    this.hasMore = true;
    if (!this.isBusy) void this.look();
  }

  private async look(): Promise<void> {
    this.isBusy = true;
    while (this.hasMore) {
      this.hasMore = false;
      const { seq } = this.tail;
      // a ledger out of reach costs latency only: the feed looks again by itself, and says what is wrong
      await this.tail.refresh().catch(() => undefined);
      if (this.tail.seq === seq) await elapse(REST_MS, undefined, { ref: false });
    }
    // in the same turn: a hint that comes in between would wait for the next
    this.isBusy = false;
  }
}
