import { once, EventEmitter } from 'node:events';
import { setTimeout as elapse } from 'node:timers/promises';
import { NodeBus } from '../../../src/bus/node-bus.js';
import type { Carried, Hint } from '../../../src/bus/messages.js';
import type { JsonValue } from '../../../src/protocol/index.js';
import type { Transport } from '../../../src/bus/transport.js';

/** That of nodes that are of one database. */
export const SECRET = Buffer.alloc(32, 7);

/** How often something is looked at that nothing tells of, in milliseconds. */
const LOOK_MS = 5;

/** A node on a bus that remembers what it was told. */
export class TestNode {
  readonly hints: Hint[] = [];
  /** What came with hints. */
  readonly carried: (Carried | undefined)[] = [];
  /** What others say of themselves. */
  readonly state: Record<string, JsonValue> = {};
  /** Each fault, and undefined for its end. */
  readonly faults: (string | undefined)[] = [];
  readonly bus: NodeBus;
  private readonly events = new EventEmitter();

  /** Whether there is memory for what others say. */
  hasRoom = true;

  constructor(transport: Transport, secret: Buffer = SECRET) {
    this.bus = new NodeBus({ secret: () => Promise.resolve(secret), hasRoom: () => this.hasRoom }, transport);
    this.bus.state.onChange((_node, key, value) => {
      if (value === null) delete this.state[key];
      else this.state[key] = value;
      this.events.emit('told');
    });
    this.bus.start({
      hint: (hint, carried) => {
        this.hints.push(hint);
        this.carried.push(carried);
        this.events.emit('told');
      },
      changed: (fault) => {
        this.faults.push(fault);
        this.events.emit('told');
      },
    });
  }

  /** Resolves when it has heard so many other nodes. */
  async knows(others: number): Promise<this> {
    while (this.bus.peerCount !== others) await elapse(LOOK_MS);
    return this;
  }

  /** Resolves when what it has been told passes a test. */
  async told(isThere: (node: this) => boolean): Promise<void> {
    while (!isThere(this)) await once(this.events, 'told');
  }

  hears(tenant: string, seq: number): Promise<void> {
    return this.told(({ hints }) => hints.some((hint) => hint.tenant === tenant && hint.seq === seq));
  }
}
