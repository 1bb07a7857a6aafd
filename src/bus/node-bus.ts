import { randomBytes } from 'node:crypto';
import { inTime } from '../ledger/in-time.js';
import { Carrier, type Carried } from './carried.js';
import { HintQueue } from './hint-queue.js';
import { messageOf, textOf, type Hint, type ReceivedMessage } from './messages.js';
import { Peers } from './peers.js';
import type { Transport, TransportConnection } from './transport.js';

/** How often a node says that it is there, in milliseconds. Not hearing itself, it knows that the bus is broken. */
export const ANNOUNCE_MS = 5_000;
/** How long it may take to connect, or to send, in milliseconds. */
const DEADLINE_MS = 5_000;
/** When a broken connection is made anew, in milliseconds: at first, and at the most. */
const RECONNECT_MS = { first: 100, most: 5_000 } as const;
/** So many sendings of what is carried may be under way; what comes then is told by hints alone. */
const MAX_CARRYING = 16;

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
  private readonly node = randomBytes(6).toString('hex');
  private readonly peers = new Peers();
  private readonly queue = new HintQueue((hints) => this.send(hints.map((hint) => textOf({ node: this.node, hint }))));
  private connection: TransportConnection | undefined;
  private carrier: Carrier | undefined;
  private carrying = 0;
  private listener: BusListener | undefined;
  private waitMs: number = RECONNECT_MS.first;
  /** When this node said that it is there; undefined when it has heard it. */
  private announcedAt: number | undefined;
  private reason: string | undefined;
  private readonly timers: { announce?: NodeJS.Timeout; connect?: NodeJS.Timeout } = {};

  /**
   * @param transport left out: there are no other nodes.
   * @param secret what the servers of one database share; left out: nothing is carried.
   */
  constructor(
    private readonly transport?: Transport,
    private readonly secret?: () => Promise<Buffer>,
  ) {}

  /** Why hints do not arrive, in a sentence; undefined when they do. */
  get fault(): string | undefined {
    return this.reason;
  }

  /** How many other nodes there are. */
  get peerCount(): number {
    return this.peers.count;
  }

  /** Begins to connect, and goes on trying. */
  start(listener: BusListener): void {
    if (!this.transport) return;
    this.listener = listener;
    void this.connect(this.transport);
    this.timers.announce = setInterval(() => this.check(), ANNOUNCE_MS).unref();
  }

  /**
   * Tells the others: at once what is small enough to be carried, anything else soon. What is told while the bus is broken
   * is lost.
   */
  publish(hint: Hint, committed?: Carried): void {
    if (this.peers.count === 0 || !this.connection) return;
    const text = committed && this.packed(hint, committed);
    if (text === undefined) {
      this.queue.add(hint);
      return;
    }
    this.carrying += 1;
    void this.send([text]).finally(() => (this.carrying -= 1));
  }

  private packed(hint: Hint, committed: Carried): string | undefined {
    if (this.carrying >= MAX_CARRYING) return undefined;
    const line = textOf({ node: this.node, hint });
    const carried = this.carrier?.pack(committed, line);
    return carried === undefined ? undefined : `${line}\n${carried}`;
  }

  /** Sends what is still to be told, and leaves. */
  async close(): Promise<void> {
    clearInterval(this.timers.announce);
    clearTimeout(this.timers.connect);
    await this.queue.flush();
    // one that is still made is closed when it comes
    this.listener = undefined;
    clearTimeout(this.timers.connect);
    await this.connection?.close();
    this.connection = undefined;
  }

  private async connect(transport: Transport): Promise<void> {
    const opening = transport.connect({
      text: (text) => this.receive(text),
      broken: (error) => this.broken(error),
    });
    const late = Symbol('late');
    try {
      const connection = await inTime(opening, DEADLINE_MS, () => late);
      if (typeof connection === 'symbol') {
        // whenever it comes
        opening.then((unused) => unused.close()).catch(() => undefined);
        throw new Error(`it did not answer within ${DEADLINE_MS / 1_000} s`);
      }
      if (!this.listener) {
        await connection.close();
        return;
      }
      if (transport.carries && this.secret) this.carrier ??= new Carrier(await this.secret());
      this.connection = connection;
      this.announce();
    } catch (error) {
      this.broken(error);
    }
  }

  /** Connects again after a while, longer each time. */
  private broken(error: unknown): void {
    if (!this.listener) return;
    const { connection } = this;
    this.connection = undefined;
    this.announcedAt = undefined;
    this.queue.clear();
    this.peers.clear();
    this.become(`${this.transport!.name}: ${error instanceof Error ? error.message : String(error)}`);
    void connection?.close();
    clearTimeout(this.timers.connect);
    // not all nodes at the same moment
    this.timers.connect = setTimeout(
      () => void this.connect(this.transport!),
      this.waitMs * (0.5 + Math.random() / 2),
    ).unref();
    this.waitMs = Math.min(2 * this.waitMs, RECONNECT_MS.most);
  }

  private become(reason: string | undefined): void {
    if (reason === this.reason) return;
    this.reason = reason;
    this.listener?.changed(reason);
  }

  /** Says again that this node is there; what it said the last time must have been heard. */
  private check(): void {
    this.peers.prune();
    if (!this.connection) return;
    if (this.announcedAt === undefined) this.announce();
    else if (Date.now() - this.announcedAt >= ANNOUNCE_MS)
      this.broken(new Error(`what is sent does not come back: ${this.transport!.advice}`));
  }

  private announce(): void {
    this.announcedAt = Date.now();
    this.sayThatItIsThere();
  }

  private sayThatItIsThere(): void {
    void this.send([textOf({ node: this.node })]);
  }

  private receive(text: string): void {
    const message = messageOf(text);
    if (!message) return;
    const { node, hint } = message;
    if (node === this.node) {
      this.heard();
      return;
    }
    // so that a new one need not wait to learn of this one
    if (this.peers.heard(node) && !hint) this.sayThatItIsThere();
    if (hint) this.listener?.hint(hint, () => this.carriedBy(message));
  }

  private carriedBy({ node, hint, carried }: ReceivedMessage): Carried | undefined {
    return carried === undefined ? undefined : this.carrier?.unpack(carried, textOf({ node, hint: hint! }));
  }

  private heard(): void {
    this.announcedAt = undefined;
    this.waitMs = RECONNECT_MS.first;
    this.become(undefined);
  }

  /** Never rejects: what does not go out is known by its reader within a second. */
  private async send(texts: readonly string[]): Promise<void> {
    const { connection } = this;
    if (!connection) return;
    try {
      await inTime(connection.send(texts), DEADLINE_MS, () => {
        throw new Error(`it did not take a message within ${DEADLINE_MS / 1_000} s`);
      });
    } catch (error) {
      if (connection === this.connection) this.broken(error);
    }
  }
}
