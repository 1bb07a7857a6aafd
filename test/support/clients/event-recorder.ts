import { EventEmitter, once } from 'node:events';
import type { AnyEvent, UnifiedClient } from '../../../client/src/index.js';

type EventName = AnyEvent['type'];
type EventOf<Name extends EventName> = Extract<AnyEvent, { type: Name }>;

/** What an application hears of its client, in order, and a way to wait for it. */
export class EventRecorder {
  readonly events: AnyEvent[] = [];
  private readonly changed = new EventEmitter();
  private read = 0;

  constructor({ SyncWebSocket }: Pick<UnifiedClient, 'SyncWebSocket'>) {
    SyncWebSocket.onAll((event) => {
      this.events.push(event);
      this.changed.emit('heard');
    });
  }

  /** The next event of a name that was not asked for yet; those before it are skipped. */
  async next<Name extends EventName>(
    name: Name,
    matches: (event: EventOf<Name>) => boolean = () => true,
  ): Promise<EventOf<Name>> {
    for (;;) {
      while (this.read < this.events.length) {
        const event = this.events[this.read++]!;
        if (event.type === name && matches(event as EventOf<Name>)) return event as EventOf<Name>;
      }
      await once(this.changed, 'heard');
    }
  }

  /** Everything of a name heard so far. */
  all<Name extends EventName>(name: Name): EventOf<Name>[] {
    return this.events.filter((event): event is EventOf<Name> => event.type === name);
  }

  /** ConnectionLimiter in the ledger of all changes heard so far. */
  get seqs(): number[] {
    return this.events.flatMap((event) =>
      event.type.startsWith('atome:') && 'seq' in event && typeof event.seq === 'number' ? [event.seq] : [],
    );
  }

  /** Resolves once the change at a place in the ledger was heard. */
  async reached(seq: number): Promise<void> {
    while (!this.seqs.includes(seq)) await once(this.changed, 'heard');
  }
}
