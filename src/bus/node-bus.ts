import { randomBytes } from 'node:crypto';
import type { Committed } from '../ledger/outcome.js';
import { BusConnection, type ConnectionUser } from './bus-connection.js';
import { HintQueue } from './hint-queue.js';
import { MessageCipher, sealedChars } from './message-cipher.js';
import { lineOf, MAX_LINE, messageOf, type Hint, type NodeMessage, type ReceivedMessage } from './messages.js';
import { Peers } from './peers.js';
import { SharedState, type StateChange, type StateTransport } from './shared-state.js';
import type { Transport } from './transport.js';

/** How often a node says that it is there, in milliseconds. Not hearing itself, it knows that the bus is broken. */
export const ANNOUNCE_MS = 3_000;
/** Most that travels with one hint, in characters of alterations and their atomes. */
const MAX_CARRIED = 16_384;
/** So many sendings of what is carried may be under way; what comes then is told by hints alone. */
const MAX_CARRYING = 16;

/** What travels with a hint: what was committed last, in order of seq. */
export type Carried = readonly Committed[];

/** Whoever uses the bus. */
export interface BusListener {
  /**
   * Another node says that a ledger has grown.
   * @param carried what has been added, where that came with it, from a server of this database; it may have been there before.
   */
  hint(hint: Hint, carried: () => Carried | undefined): void;
  /** Why hints do not arrive, or undefined when they do again. */
  changed(fault: string | undefined): void;
}

/**
 * Tells the other nodes which ledgers this one has written to, and is told by them. It holds no truth: whatever it loses,
 * repeats or invents costs time alone, and what it carries is what another server has committed, or is not read. As long as
 * there is no other node, nothing is sent but that this one is there.
 */
export class NodeBus {
  /** What each node tells of itself. */
  readonly state = new SharedState();
  private readonly node = randomBytes(6).toString('hex');
  private readonly peers = new Peers();
  private readonly queue = new HintQueue((hints) => this.sendHints(hints));
  private readonly connection: BusConnection | undefined;
  private cipher: MessageCipher | undefined;
  private carrying = 0;
  private listener: BusListener | undefined;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param transport left out: there are no other nodes.
   * @param secret what the servers of one database share.
   */
  constructor(
    private readonly transport?: Transport,
    private readonly secret?: () => Promise<Buffer>,
  ) {
    if (transport) this.connection = new BusConnection(transport, this.connectionUser());
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
    const { connection } = this;
    if (this.peers.count === 0 || !connection?.isOpen) return;
    if (!committed || !this.mayCarry(committed)) {
      this.queue.add(hint);
      return;
    }
    this.carrying += 1;
    const text = this.sealed({ type: 'hint', node: this.node, hint }, committed);
    void connection.send([text]).finally(() => (this.carrying -= 1));
  }

  /** Sends what is still to be told, and leaves. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.state.stop();
    await this.queue.flush();
    await this.connection?.send([lineOf({ type: 'left', node: this.node })]);
    this.listener = undefined;
    await this.connection?.stop();
  }

  private connectionUser(): ConnectionUser {
    return {
      text: (text) => this.receive(text),
      opening: async () => {
        if (this.secret) this.cipher ??= new MessageCipher(await this.secret());
      },
      opened: () => {
        if (this.cipher) this.state.use(this.stateTransport());
        this.connection?.echo(this.signOfLife());
      },
      broken: () => {
        this.queue.clear();
        this.state.use(undefined);
        for (const node of this.peers.clear()) this.state.forget(node);
      },
      changed: (fault) => this.listener?.changed(fault),
    };
  }

  private stateTransport(): StateTransport {
    return {
      maxBytes: bytesIn(this.transport!.maxChars - MAX_LINE),
      tell: (change) => {
        if (this.peers.count > 0) void this.connection?.send([this.sealed({ type: 'state', node: this.node }, change)]);
      },
      request: (of) => void this.connection?.send([lineOf({ type: 'request', node: this.node, of })]),
    };
  }

  private mayCarry(committed: Carried): boolean {
    if (!this.transport?.carries || !this.cipher || this.carrying >= MAX_CARRYING) return false;
    return committed.reduce((sum, { size, previousSize = 0 }) => sum + size + previousSize, 0) <= MAX_CARRIED;
  }

  private sealed(message: NodeMessage, content: unknown): string {
    const line = lineOf(message);
    return `${line}\n${this.cipher!.seal(JSON.stringify(content), line)}`;
  }

  private signOfLife(): string {
    return lineOf({ type: 'alive', node: this.node, revision: this.state.revision });
  }

  /** Says again that this node is there; what it said before must have been heard. */
  private check(): void {
    for (const node of this.peers.prune()) this.state.forget(node);
    if (this.connection?.isOpen) this.connection.echo(this.signOfLife());
  }

  private receive(text: string): void {
    const received = messageOf(text);
    if (!received) return;
    const { message } = received;
    if (message.node === this.node) {
      this.connection?.echoed();
      return;
    }
    if (message.type === 'left') {
      this.peers.clear(message.node);
      this.state.forget(message.node);
      return;
    }
    // so that a new one need not wait to learn of this one
    if (this.peers.heard(message.node) && message.type === 'alive') void this.connection?.send([this.signOfLife()]);
    this.take(received);
  }

  private take(received: ReceivedMessage): void {
    const { message } = received;
    const { state } = this;
    if (message.type === 'hint')
      this.listener?.hint(message.hint, () => this.contentOf(received) as Carried | undefined);
    else if (message.type === 'alive') state.alive(message.node, message.revision);
    else if (message.type === 'request' && message.of === this.node) state.tellWhole();
    else if (message.type === 'state') {
      const change = this.contentOf(received);
      if (change !== undefined) state.heard(message.node, change as StateChange);
    }
  }

  /** What was sealed by another server of this database, which is of this form then. */
  private contentOf({ message, sealed }: ReceivedMessage): unknown {
    return sealed === undefined ? undefined : this.cipher?.open(sealed, lineOf(message));
  }

  private async sendHints(hints: readonly Hint[]): Promise<void> {
    await this.connection?.send(hints.map((hint) => lineOf({ type: 'hint', node: this.node, hint })));
  }
}

/** So many bytes of JSON make a text of so many characters, sealed. */
function bytesIn(chars: number): number {
  return Math.floor(((chars - sealedChars(0)) * 3) / 4);
}
