import type { AtomeEvent, Filter, RangeFrame, Subscribed, SyncReset } from '../../../src/protocol/index.js';
import { decideFrame } from '../../../src/protocol/messages/range.js';

/** Up to where everything is known, and of which ledger. */
export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
  /** Chain hash at `seq`, by which the server notices that its ledger is no longer the one we know. */
  readonly hash?: string;
}

/** Follows one ledger from its cursor on, each event once and in order, whatever the connection does. */
export class RangeReader {
  private current: Cursor | undefined;

  constructor(private readonly filter: Filter) {}

  /** undefined before the first `subscribed`. */
  get cursor(): Cursor | undefined {
    return this.current;
  }

  /** Asks for all after the cursor, or for all from now on. */
  subscription(): object {
    const { epoch, seq: since, hash } = this.current ?? {};
    return { type: 'subscribe', epoch, since, hash, ...this.filter };
  }

  subscribed({ epoch, from }: Subscribed): void {
    this.current ??= { epoch, seq: from };
  }

  /** @returns the events of a frame that are new, or undefined when some before it are missing. */
  read(frame: RangeFrame): readonly AtomeEvent[] | undefined {
    if (!this.current) return undefined;
    const { epoch, seq } = this.current;
    const decision = decideFrame(seq, frame);
    switch (decision.action) {
      case 'resubscribe':
        return undefined;
      case 'drop':
        return [];
      case 'apply':
        this.current = { epoch, seq: decision.to, hash: frame.hash };
        return decision.events;
    }
  }

  /** The cursor cannot be continued: goes on from the head that the server has now. */
  reset({ epoch, head }: SyncReset): void {
    this.current = { epoch, seq: head };
  }
}
