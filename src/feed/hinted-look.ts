import { elapse } from '../ledger/elapse.js';
import type { LedgerTail } from './ledger-tail.js';

/** How long hints wait after one that was untrue, or came when it was known already, in milliseconds. */
const REST_MS = 50;

/**
 * Reads on when another node says that a ledger has grown: one reading at a time, and seldom where there is nothing to see. So
 * whatever somebody sends over a bus costs a few short readings a second.
 */
export class HintedLook {
  private isBusy = false;
  /** The newest seq that has been told of and not been read up to. */
  private wanted = 0;

  constructor(private readonly tail: Pick<LedgerTail, 'seq' | 'readOn' | 'refresh'>) {}

  /** Takes note of a seq, which may be untrue. */
  hint(seq: number): void {
    if (seq <= this.tail.seq) return;
    this.wanted = Math.max(this.wanted, seq);
    if (!this.isBusy) void this.look();
  }

  private async look(): Promise<void> {
    const { tail } = this;
    this.isBusy = true;
    while (this.wanted > tail.seq) {
      const { wanted } = this;
      // a ledger out of reach costs latency only: the feed looks again by itself, and says what is wrong
      const isRight = await tail.readOn(wanted).catch(() => false);
      if (isRight) continue;
      if (this.wanted === wanted) this.wanted = 0;
      // there may be another ledger now
      await tail.refresh().catch(() => undefined);
      await elapse(REST_MS, { ref: false });
    }
    // in the same turn: a hint that comes in between would wait for the next
    this.isBusy = false;
  }
}
