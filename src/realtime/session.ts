import type { RawData, WebSocket } from 'ws';
import type { AccessPolicy } from '../auth/authorization/access-policy.js';
import type { Authenticator } from '../auth/authentication/authenticator.js';
import { assertRole } from '../auth/authorization/role-permissions.js';
import type { CredentialExtractor, RequestCredentials } from '../auth/authentication/credential-extractor.js';
import { Credentials } from './connection-identity.js';
import type { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import type { Feed } from '../feed/feed.js';
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
  type ServerMessage,
} from '../protocol/index.js';
import { closeCodeOf, toAtomeError } from '../http/problem.js';
import type { SocketOptions } from '../config/module-options.js';
import type { Connections } from './connection-registry.js';
import { Inbox, type Frame } from './inbox.js';
import { NEEDS } from './message-permissions.js';
import { Reading } from './subscription.js';
import { ClientSocket } from './client-socket.js';
import type { AcknowledgedWrites } from '../application/acknowledged-writes.js';
import { TokenBucket } from './token-bucket.js';

export interface SessionDependencies {
  readonly authenticator: Authenticator;
  readonly accessPolicy: AccessPolicy;
  readonly credentialExtractor: CredentialExtractor;
  readonly connectionLimiter: ConnectionLimiter;
  readonly feed: Feed;
  readonly writes: AcknowledgedWrites;
  readonly connections: Connections;
  readonly limits: Limits;
  readonly socket: SocketOptions;
  /** Unsent bytes above which a presence, which may be lost, is not sent. */
  readonly unsentBytes: number;
  readonly onError: (error: unknown) => void;
}

/** What is known of a connection from how it was opened. */
export interface Handshake extends RequestCredentials {
  readonly address: string;
}

/** Writes submitted and not yet answered, above which the socket is read no further. */
const MAX_UNANSWERED = 1_024;
/** Bytes taken from somebody who is not known yet: the handshake, and a token with room to spare. */
const MAX_STRANGER_BYTES = 64 * 1024;

/**
 * One connection: its messages are handled in the order they came, one after the other, though a write is
 * not waited for.
 */
export class Session {
  readonly socket: ClientSocket;
  readonly closed: Promise<void>;
  private readonly reading: Reading;
  private readonly inbox: Inbox;
  private readonly credentials: Credentials;
  private unanswered = 0;
  private alive = true;
  private hasJoined = false;
  private hasEnded = false;
  private readonly stopCounting: () => void;

  constructor(
    ws: WebSocket,
    readonly clientId: string,
    private readonly handshake: Handshake,
    private readonly deps: SessionDependencies,
  ) {
    this.socket = new ClientSocket(ws);
    this.reading = new Reading(this.socket, deps.feed);
    const { messagesPerSecond, messageBurst, authMs } = deps.socket;
    const lapsed = (why: string): void => this.end(CloseCode.UNAUTHENTICATED, why);
    const lease = deps.connectionLimiter.acquire(handshake.address, (why) =>
      why === 'withdrawn'
        ? lapsed('the token has been withdrawn')
        : this.end(CloseCode.POLICY, 'too many connections have not said who they are'),
    );
    this.credentials = new Credentials(deps.authenticator, lease, authMs, lapsed);
    const bucket = new TokenBucket(messagesPerSecond, messageBurst, performance.now());
    this.inbox = new Inbox(bucket, (frame) => this.take(frame));
    // `ws` holds what has come of a message that is not whole
    this.stopCounting = this.socket.onReceived(() => this.slowDown());
    ws.on('message', (data, isBinary) => this.receive(data, isBinary));
    ws.on('pong', () => (this.alive = true));
    // `ws` answers pings by itself
    ws.on('ping', () => this.slowDown());
    this.socket.onDrain(() => {
      this.reading.pump();
      this.readOn();
    });
    this.closed = new Promise((resolve) =>
      ws.once('close', () => {
        this.reading.stop();
        this.credentials.end();
        lease.release();
        deps.connections.remove(this);
        resolve();
      }),
    );
    deps.connections.add(this);
    void this.begin().then(() => this.inbox.takeAll());
  }

  /** undefined until somebody is known. */
  get principal(): Principal | undefined {
    return this.credentials.principal;
  }

  /** Whether anything has been heard since it was last asked. */
  takeSignOfLife(): boolean {
    const { alive } = this;
    this.alive = false;
    return alive;
  }

  /** Sends what may be lost. */
  tell(event: PresenceEvent): void {
    if (this.hasJoined && this.socket.unsent < this.deps.unsentBytes) this.socket.send(event);
  }

  private async begin(): Promise<void> {
    try {
      await this.identify();
      await this.welcome();
    } catch (error) {
      this.refuse(error);
      this.end(closeCodeOf(error), 'the connection is refused; the error before this says why');
    }
  }

  /** Who may not go on is not heard any more either, though the other end may take its time to close. */
  private end(code: CloseCode, reason: string): void {
    this.hasEnded = true;
    this.reading.stop();
    this.credentials.end();
    this.socket.close(code, reason);
  }

  /** Who can be known from the handshake is. */
  private async identify(): Promise<void> {
    const proof = this.deps.credentialExtractor.extract(this.handshake, true);
    if (proof) await this.credentials.admit(proof);
  }

  private async welcome(): Promise<void> {
    const { principal } = this;
    const log = principal && (await this.deps.feed.log(principal.tenant));
    if (!this.socket.open) return;
    const now = new Date().toISOString();
    this.socket.send({
      type: 'welcome',
      clientId: this.clientId,
      timestamp: now,
      serverTime: now,
      protocol: PROTOCOL_VERSION,
      authRequired: !principal,
      connectedClients: principal ? this.deps.connections.count(principal.tenant) : 0,
      ...(log && { epoch: log.epoch, seq: log.tail }),
    });
    if (principal) await this.join(principal);
  }

  /** From here on it hears of what happens in its tenant. */
  private async join(principal: Principal): Promise<void> {
    this.hasJoined = true;
    this.stopCounting();
    this.readOn();
    this.deps.connections.presenceFor(this).forEach((event) => this.tell(event));
    await this.reading.plain(principal, this.clientId);
  }

  private receive(data: RawData, isBinary: boolean): void {
    this.alive = true;
    this.inbox.push(isBinary ? null : (data as Buffer).toString());
    this.slowDown();
  }

  /** What a client sends too fast waits, at last in its own network buffers; so does what one sends that takes no answers. */
  private get isFull(): boolean {
    const { inbox, unanswered, socket, deps } = this;
    const isTooLong = !this.hasJoined && socket.received > MAX_STRANGER_BYTES;
    return isTooLong || inbox.isFull || unanswered >= MAX_UNANSWERED || socket.unsent >= deps.unsentBytes;
  }

  private slowDown(): void {
    if (this.isFull) this.socket.pause();
  }

  private readOn(): void {
    if (!this.isFull) this.socket.resume();
  }

  private async take(frame: Frame): Promise<void> {
    if (this.hasEnded) return;
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
    if (message.type === 'ping') return this.socket.send({ type: 'pong', timestamp: new Date().toISOString() });
    if (message.type === 'auth') return this.authenticate(message.token);
    const principal = this.credentials.require();
    assertRole(principal, NEEDS[message.type]);
    const by = { clientId: this.clientId, principal };
    switch (message.type) {
      case 'subscribe':
        return this.reading.range(principal, this.deps.accessPolicy.accessFingerprint(principal), message);
      case 'unsubscribe':
        return this.reading.stop();
      case 'presence':
        return this.deps.connections.setPresence(this, message.state);
      case 'mutate':
        return this.answer(this.deps.writes.mutate(message.mutation, by));
      case 'atome:created':
      case 'atome:updated':
      case 'atome:altered':
      case 'atome:deleted':
        return this.deps.writes.legacy(message, by).then((answer) => answer && this.socket.send(answer));
    }
  }

  /** A write is not waited for: the next message may join its group. */
  private answer(answer: Promise<ServerMessage>): void {
    this.unanswered += 1;
    void answer.then((message) => {
      this.unanswered -= 1;
      this.socket.answer(message);
      this.readOn();
    });
  }

  /** The first token opens the connection, a later one renews it. While authentication is off, any will do. */
  private async authenticate(token: string): Promise<void> {
    const { principal: before, deps } = this;
    const isFirst = !before;
    try {
      const { principal, expiresAt } = await this.credentials.accept(token);
      const { epoch, tail } = await this.deps.feed.log(principal.tenant);
      this.socket.send({
        type: 'auth:success',
        clientId: this.clientId,
        principal,
        expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
        epoch,
        seq: tail,
      });
      if (isFirst) await this.join(principal);
      else if (deps.accessPolicy.accessFingerprint(before) !== deps.accessPolicy.accessFingerprint(principal))
        this.reading.lookAs(principal);
    } catch (error) {
      this.refuse(error);
      // a renewal that cannot be checked just now changes nothing: the token before it is good until it expires
      if (!isFirst && toAtomeError(error).retryable) return;
      this.end(closeCodeOf(error), 'the token is refused; the error before this says why');
    }
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
