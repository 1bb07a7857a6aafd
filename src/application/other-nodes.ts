import type { NodeBus } from '../bus/node-bus.js';
import type { Feed } from '../feed/feed.js';
import { traced } from '../ledger/traces.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';

/** How often heads are looked at while nobody tells of them, in milliseconds. */
const LOOK_MS = 250;

/** What this node needs to live beside others. */
export interface OtherNodesParts {
  readonly bus: NodeBus;
  readonly writer: Pick<LedgerWriter, 'onCommit'>;
  readonly feed: Pick<Feed, 'hint' | 'lookEvery'>;
  /** How often heads are looked at otherwise, in milliseconds. */
  readonly pollMs: number;
  /** Is told when the bus breaks, and when it works again. */
  readonly say: (line: string) => void;
}

/** Tells other nodes of what this one commits, and has the feed look where they say that there is more. */
export class OtherNodes {
  private stopListening: (() => void) | undefined;

  constructor(private readonly parts: OtherNodesParts) {}

  start(): void {
    const { bus, writer, feed } = this.parts;
    bus.start({
      hint: ({ tenant, seq, trace }, committed) => {
        if (trace !== undefined && !committed) traced((by) => by.heard(tenant, seq, trace));
        feed.hint(tenant, seq, committed);
      },
      changed: (fault) => this.changed(fault),
    });
    this.stopListening = writer.onCommit((tenant, committed) => {
      const { alteration, trace } = committed.at(-1)!;
      bus.publish({ tenant, seq: alteration.seq, trace }, committed);
    });
  }

  async stop(): Promise<void> {
    this.stopListening?.();
    await this.parts.bus.close();
  }

  private changed(fault: string | undefined): void {
    const { feed, pollMs, say } = this.parts;
    feed.lookEvery(fault === undefined ? pollMs : Math.min(pollMs, LOOK_MS));
    say(
      fault === undefined
        ? 'other servers are heard again'
        : `other servers are not heard (${fault}): the database is asked every ${LOOK_MS} ms what they have written`,
    );
  }
}
