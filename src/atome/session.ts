import type { RawData, WebSocket } from 'ws';
import type { Feed } from '../feed/feed.js';
import type { FeedReader } from '../feed/reader.js';
import {
  AtomeError,
  CloseCode,
  decodeJson,
  isObject,
  parseMessage,
  PROTOCOL_VERSION,
  type ClientMessage,
  type Limits,
  type PresenceEvent,
  type Principal,
  type ResetReason,
  type ServerMessage,
  type Subscribe,
} from '../protocol/index.js';
import { toAtomeError } from '../door/problem.js';
import type { SocketOptions } from '../door/options.js';
import type { Connections } from './connections.js';
import { Inbox, type Frame } from './inbox.js';
import { ClientSocket } from './socket.js';
import type { AcknowledgedWrites } from '../door/acknowledged-writes.js';
import { TokenBucket } from './token-bucket.js';

export interface SessionDependencies {
  readonly feed: Feed;
  readonly writes: AcknowledgedWrites;
  readonly connections: Connections;
  readonly limits: Limits;
  readonly socket: SocketOptions;
  /** Unsent bytes above which a presence, which may be lost, is not sent. */
  readonly unsentBytes: number;
  readonly onError: (error: unknown) => void;
}

/** Writes submitted and not yet answered, above which the socket is read no further. */
const MAX_UNANSWERED = 1_024;

const nothing = (): void => undefined;

/**
 * One connection: its messages are handled in the order they came, one after the other, though a write is
 * not waited for; what it reads is one {@link FeedReader} at a time.
 */
export class Session {
  readonly socket: ClientSocket;
  readonly closed: Promise<void>;
  private reader: FeedReader | undefined;
  private readonly inbox: Inbox;
  private unanswered = 0;
  private alive = true;

  constructor(
    ws: WebSocket,
    readonly clientId: string,
    readonly principal: Principal,
    private readonly deps: SessionDependencies,
  ) {
    this.socket = new ClientSocket(ws);
    const { messagesPerSecond, messageBurst } = deps.socket;
    const bucket = new TokenBucket(messagesPerSecond, messageBurst, performance.now());
    this.inbox = new Inbox(bucket, (frame) => this.take(frame));
    ws.on('message', (data, isBinary) => this.receive(data, isBinary));
    ws.on('pong', () => (this.alive = true));
    // `ws` answers pings by itself
    ws.on('ping', () => this.slowDown());
    this.socket.onDrain(() => {
      this.reader?.pump();
      this.readOn();
    });
    this.closed = new Promise((resolve) =>
      ws.once('close', () => {
        this.stopReading();
        deps.connections.remove(this);
        resolve();
      }),
    );
    void this.begin().then(() => this.inbox.takeAll());
  }

  /** Whether anything has been heard since it was last asked. */
  takeSignOfLife(): boolean {
    const { alive } = this;
    this.alive = false;
    return alive;
  }

  /** Sends what may be lost. */
  tell(event: PresenceEvent): void {
    if (this.socket.unsent < this.deps.unsentBytes) this.socket.send(event);
  }

  private async begin(): Promise<void> {
    try {
      await this.welcome();
    } catch (error) {
      this.refuse(error);
      this.socket.close(CloseCode.RESTART, 'the ledger is out of reach; connect again');
    }
  }

  private async welcome(): Promise<void> {
    const log = await this.deps.feed.log(this.principal.tenant);
    if (!this.socket.open) return;
    const now = new Date().toISOString();
    this.deps.connections.add(this);
    this.socket.send({
      type: 'welcome',
      clientId: this.clientId,
      timestamp: now,
      serverTime: now,
      protocol: PROTOCOL_VERSION,
      authRequired: false,
      connectedClients: this.deps.connections.count(this.principal.tenant),
      epoch: log.epoch,
      seq: log.tail,
    });
    this.deps.connections.presenceFor(this).forEach((event) => this.tell(event));
    await this.readPlain();
  }

  private receive(data: RawData, isBinary: boolean): void {
    this.alive = true;
    this.inbox.push(isBinary ? null : (data as Buffer).toString());
    this.slowDown();
  }

  /** What a client sends too fast waits, at last in its own network buffers; so does what one sends that takes no answers. */
  private get isFull(): boolean {
    const { inbox, unanswered, socket, deps } = this;
    return inbox.isFull || unanswered >= MAX_UNANSWERED || socket.unsent >= deps.unsentBytes;
  }

  private slowDown(): void {
    if (this.isFull) this.socket.pause();
  }

  private readOn(): void {
    if (!this.isFull) this.socket.resume();
  }

  private async take(frame: Frame): Promise<void> {
    let input: unknown;
    try {
      if (frame === null) throw new AtomeError('invalid', 'send text frames; a binary frame is not understood');
      input = decodeJson(frame);
      await this.act(parseMessage(input, this.deps.limits));
    } catch (error) {
      this.refuse(error, input);
    }
    this.readOn();
  }

  private act(message: ClientMessage): Promise<void> | void {
    switch (message.type) {
      case 'ping':
        return this.socket.send({ type: 'pong', timestamp: new Date().toISOString() });
      case 'auth':
        return this.authenticate();
      case 'subscribe':
        return this.subscribe(message);
      case 'unsubscribe':
        return this.stopReading();
      case 'presence':
        return this.deps.connections.setPresence(this, message.state);
      case 'mutate':
        return this.answer(this.deps.writes.mutate(message.mutation, this));
      case 'atome:created':
      case 'atome:updated':
      case 'atome:altered':
      case 'atome:deleted':
        return this.deps.writes.legacy(message, this).then((answer) => answer && this.socket.send(answer));
    }
  }

  /** A write is not waited for: the next message may join its group. */
  private answer(answer: Promise<ServerMessage>): void {
    this.unanswered += 1;
    void answer.then((message) => {
      this.unanswered -= 1;
      this.socket.send(message);
      this.readOn();
    });
  }

  /** While authentication is off, any token is as good as none. */
  private async authenticate(): Promise<void> {
    const { clientId, principal } = this;
    const { epoch, tail } = await this.deps.feed.log(principal.tenant);
    this.socket.send({ type: 'auth:success', clientId, principal, expiresAt: null, epoch, seq: tail });
  }

  private async subscribe(message: Subscribe): Promise<void> {
    const { tenant } = this.principal;
    this.stopReading();
    const log = await this.deps.feed.log(tenant);
    const reason = await log.check(message);
    if (reason) {
      this.socket.send({ type: 'sync:reset', reason, epoch: log.epoch, head: log.tail });
      return;
    }
    const since = message.since ?? log.tail;
    await this.read(
      async () =>
        this.deps.feed.open(tenant, {
          sink: this.sink(
            (seq) => this.socket.send({ type: 'sync:live', seq }),
            () => this.stopReading(),
          ),
          since,
          filter: message,
          compact: message.compact,
          form: 'range',
        }),
      () => this.socket.send({ type: 'subscribed', epoch: log.epoch, from: since, head: log.tail }),
    );
  }

  private async readPlain(): Promise<void> {
    const { tenant } = this.principal;
    const log = await this.deps.feed.log(tenant);
    await this.read(() =>
      this.deps.feed.open(tenant, {
        // it has no cursor that could be lost: it is told, and goes on
        sink: this.sink(nothing, nothing),
        since: log.tail,
        form: { plainOf: this.clientId },
      }),
    );
  }

  private async read(open: () => Promise<FeedReader>, announce = nothing): Promise<void> {
    const reader = await open();
    if (!this.socket.open) {
      this.deps.feed.close(this.principal.tenant, reader);
      return;
    }
    this.reader = reader;
    announce();
    reader.pump();
  }

  private stopReading(): void {
    if (this.reader) this.deps.feed.close(this.principal.tenant, this.reader);
    this.reader = undefined;
  }

  private sink(live: (seq: number) => void, stop: () => void) {
    const { socket } = this;
    return {
      get unsent(): number {
        return socket.unsent;
      },
      write: (bytes: Buffer) => socket.write(bytes),
      live,
      reset: (reason: ResetReason, epoch: string, head: number) => {
        stop();
        socket.send({ type: 'sync:reset', reason, epoch, head });
      },
    };
  }

  private refuse(error: unknown, input?: unknown): void {
    const refusal = toAtomeError(error);
    if (refusal.code === 'internal') this.deps.onError(error);
    const { code, message, details } = refusal;
    if (isObject(input) && input.type === 'mutate' && typeof input.opId === 'string') {
      this.socket.send({ type: 'nack', opId: input.opId, error: refusal.toBody() });
    } else {
      this.socket.send({ type: 'error', code, message, ...(details && { details }) });
    }
  }
}
