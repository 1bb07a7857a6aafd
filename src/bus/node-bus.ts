import { BusConnection, type ConnectionUser } from './bus-connection.js';
import { Carriage } from './carriage.js';
import { HintQueue } from './hint-queue.js';
import { bytesIn } from './message-cipher.js';
import type { Carried, Hint, NodeMessage } from './messages.js';
import { NodeMessages, type Sealing } from './node-messages.js';
import { Peers } from './peers.js';
import { SharedState } from './shared-state.js';
import type { Transport, TransportConnection, TransportEvents } from './transport.js';

/** How often a node says that it is there, in milliseconds. Not hearing itself, it knows that the bus is broken. */
export const ANNOUNCE_MS = 3_000;
/** So many hints are in one message: with the longest names of tenants, what PostgreSQL takes. */
const HINTS = 25;
/** The same of hints that say under which name something is followed. */
const TRACED_HINTS = 15;

/** Whoever uses the bus. */
export interface BusListener {
  /**
   * Another node says that a ledger has grown.
   * @param carried what has been added, where that came with it; it may have been there before.
   */
  hint(hint: Hint, carried?: Carried): void;
  /** Why hints do not arrive, or undefined when they do again. */
  changed(fault: string | undefined): void;
}

/** What a bus needs besides a transport. */
export interface BusParts extends Sealing {
  /** Whether there is memory for more of what others tell of themselves. */
  readonly hasRoom: () => boolean;
}

/**
 * Tells the other nodes which ledgers this one has written to, and is told by them. It holds no truth: whatever it loses,
 * repeats or delays costs time alone, and what nobody of this database has sealed is not heard. As long as there is no other
 * node, nothing is sent but that this one is there.
 */
export class NodeBus {
  /** What each node tells of itself. */
  readonly state: SharedState;
  private readonly messages: NodeMessages;
  private readonly peers = new Peers();
  private readonly queue = new HintQueue((hints) => this.sendHints(hints));
  private readonly connection: BusConnection | undefined;
  private readonly carriage: Carriage | undefined;
  private listener: BusListener | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param transport left out: there are no other nodes. */
  constructor(parts: BusParts, transport?: Transport) {
    this.state = new SharedState(parts.hasRoom, !transport);
    this.messages = new NodeMessages(parts);
    if (!transport) return;
    const sealing: Transport = {
      ...propertiesOf(transport),
      connect: (events) => this.connect(transport, events),
    };
    const connection = new BusConnection(sealing, this.connectionUser(transport));
    this.connection = connection;
    this.carriage = new Carriage(this.messages, transport, (text) => connection.send([text]));
  }

  /** Why hints do not arrive, in a sentence; undefined when they do. */
  get fault(): string | undefined {
    return this.connection?.fault;
  }

  /** How many other nodes there are. */
  get peerCount(): number {
    return this.peers.count;
  }

  /** Begins to connect, and goes on trying. */
  start(listener: BusListener): void {
    if (!this.connection) return;
    this.listener = listener;
    this.connection.start();
    this.timer = setInterval(() => this.check(), ANNOUNCE_MS).unref();
  }

  /**
   * Tells the others: at once what is small enough to be carried, anything else soon. What is told while the bus is broken
   * is lost.
   */
  publish(hint: Hint, committed?: Carried): void {
    if (this.peers.count === 0 || !this.connection?.isOpen) return;
    if (!committed || !this.carriage?.carry(hint, committed)) this.queue.add(hint);
  }

  /** Sends what is still to be told, and leaves. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.state.own.stop();
    await this.queue.flush();
    await this.send({ type: 'left' });
    this.listener = undefined;
    await this.connection?.stop();
  }

  /** There is nothing to be said before the secret is known. */
  private async connect(transport: Transport, events: TransportEvents): Promise<TransportConnection> {
    await this.messages.open();
    return transport.connect(events);
  }

  private connectionUser({ maxChars }: Transport): ConnectionUser {
    return {
      text: (text) => {
        if (text.length <= maxChars) this.receive(text);
      },
      opened: () => {
        this.state.own.use({
          maxBytes: bytesIn(maxChars) - 200,
          tell: (change) => (this.peers.count > 0 ? this.send({ type: 'state', change }) : Promise.resolve()),
        });
        this.sayAlive();
      },
      broken: () => {
        this.queue.clear();
        this.state.own.use(undefined);
        for (const node of this.peers.clear()) this.state.others.forget(node);
      },
      changed: (fault) => this.listener?.changed(fault),
    };
  }

  /** Says again that this node is there; what it said before must have been heard. */
  private check(): void {
    for (const node of this.peers.prune()) this.state.others.forget(node);
    if (this.connection?.isOpen) this.sayAlive();
  }

  private sayAlive(): void {
    const text = this.messages.textOf({ type: 'alive', revision: this.state.own.revision });
    if (text !== undefined) this.connection?.echo(text);
  }

  private async send(...messages: readonly NodeMessage[]): Promise<void> {
    const texts = messages.flatMap((message) => this.messages.textOf(message) ?? []);
    await this.connection?.send(texts);
  }

  private receive(text: string): void {
    const received = this.messages.messageOf(text);
    if (!received) return;
    const { node, message } = received;
    if (node === this.messages.node) this.connection?.echoed();
    else if (message.type === 'left') {
      this.peers.clear(node);
      this.state.others.forget(node);
    } else {
      // so that a new one need not wait to learn of this one
      if (this.peers.heard(node)) void this.send({ type: 'alive', revision: this.state.own.revision });
      this.take(node, message);
    }
  }

  private take(node: string, message: NodeMessage): void {
    const { state, listener } = this;
    if (message.type === 'hints') for (const hint of message.hints) listener?.hint(hint);
    else if (message.type === 'committed') listener?.hint(message.hint, message.committed);
    else if (message.type === 'state') state.others.heard(node, message.change);
    else if (message.type === 'request' && message.of === this.messages.node) state.own.tellWhole();
    else if (message.type === 'alive' && state.others.alive(node, message.revision))
      void this.send({ type: 'request', of: node });
  }

  private async sendHints(hints: readonly Hint[]): Promise<void> {
    const messages: NodeMessage[] = [];
    const size = hints.some(({ trace }) => trace !== undefined) ? TRACED_HINTS : HINTS;
    for (let at = 0; at < hints.length; at += size) messages.push({ type: 'hints', hints: hints.slice(at, at + size) });
    await this.send(...messages);
  }
}

function propertiesOf({ name, advice, maxChars, carries }: Transport): Omit<Transport, 'connect'> {
  return { name, advice, maxChars, carries };
}
