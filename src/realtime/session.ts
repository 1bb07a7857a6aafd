import type { RawData, WebSocket } from 'ws';
import type { AccessPolicy } from '../auth/authorization/access-policy.js';
import type { Authenticator } from '../auth/authentication/authenticator.js';
import { assertRole } from '../auth/authorization/role-permissions.js';
import type { CredentialExtractor, RequestCredentials } from '../auth/authentication/credential-extractor.js';
import { ConnectionIdentity } from './connection-identity.js';
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
import type { ConnectionRegistry } from './connection-registry.js';
import { Inbox, type Frame } from './inbox.js';
import { MESSAGE_PERMISSIONS } from './message-permissions.js';
import { Subscription } from './subscription.js';
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
  readonly connectionRegistry: ConnectionRegistry;
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
/** Bytes read from an unauthenticated connection: the handshake, and a token with room to spare. */
const MAX_UNAUTHENTICATED_BYTES = 64 * 1024;

/**
 * One connection: its messages are handled in the order they came, one after the other, though a write is
 * not waited for.
 */
export class Session {
  readonly socket: ClientSocket;
  readonly closed: Promise<void>;
  private readonly subscription: Subscription;
  private readonly inbox: Inbox;
  private readonly identity: ConnectionIdentity;
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
    this.subscription = new Subscription(this.socket, deps.feed);
    const { messagesPerSecond, messageBurst, authMs } = deps.socket;
    const onExpired = (why: string): void => this.end(CloseCode.UNAUTHENTICATED, why);
    const lease = deps.connectionLimiter.acquire(handshake.address, (why) =>
      why === 'withdrawn'
        ? onExpired('the token has been withdrawn')
        : this.end(CloseCode.POLICY, 'too many connections have not said who they are'),
    );
    this.identity = new ConnectionIdentity(deps.authenticator, lease, authMs, onExpired);
    const bucket = new TokenBucket(messagesPerSecond, messageBurst, performance.now());
    this.inbox = new Inbox(bucket, (frame) => this.handleFrame(frame));
    // `ws` holds what has come of a message that is not whole
    this.stopCounting = this.socket.onReceived(() => this.pauseIfFull());
    ws.on('message', (data, isBinary) => this.receive(data, isBinary));
    ws.on('pong', () => (this.alive = true));
    // `ws` answers pings by itself
    ws.on('ping', () => this.pauseIfFull());
    this.socket.onDrain(() => {
      this.subscription.pump();
      this.resumeUnlessFull();
    });
    this.closed = new Promise((resolve) =>
      ws.once('close', () => {
        this.subscription.stop();
        this.identity.end();
        lease.release();
        deps.connectionRegistry.remove(this);
        resolve();
      }),
    );
    deps.connectionRegistry.add(this);
    void this.handshakeUp().then(() => this.inbox.drain());
  }

  /** undefined until somebody is known. */
  get principal(): Principal | undefined {
    return this.identity.principal;
  }

  /** Whether anything has been heard since it was last asked. */
  wasAlive(): boolean {
    const { alive } = this;
    this.alive = false;
    return alive;
  }

  /** Sends what may be lost. */
  sendBestEffort(event: PresenceEvent): void {
    if (this.hasJoined && this.socket.unsent < this.deps.unsentBytes) this.socket.send(event);
  }

  private async handshakeUp(): Promise<void> {
    try {
      await this.identify();
      await this.welcome();
    } catch (error) {
      this.sendError(error);
      this.end(closeCodeOf(error), 'the connection is refused; the error before this says why');
    }
  }

  /** Who may not go on is not heard any more either, though the other end may take its time to close. */
  private end(code: CloseCode, reason: string): void {
    this.hasEnded = true;
    this.subscription.stop();
    this.identity.end();
    this.socket.close(code, reason);
  }

  /** Who can be known from the handshake is. */
  private async identify(): Promise<void> {
    const proof = this.deps.credentialExtractor.extract(this.handshake, true);
    if (proof) await this.identity.accept(proof);
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
      connectedClients: principal ? this.deps.connectionRegistry.count(principal.tenant) : 0,
      ...(log && { epoch: log.tail.epoch, seq: log.tail.seq }),
    });
    if (principal) await this.join(principal);
  }

  /** From here on it hears of what happens in its tenant. */
  private async join(principal: Principal): Promise<void> {
    this.hasJoined = true;
    this.stopCounting();
    this.resumeUnlessFull();
    this.deps.connectionRegistry.presenceFor(this).forEach((event) => this.sendBestEffort(event));
    await this.subscription.openPlain(principal, this.clientId);
  }

  private receive(data: RawData, isBinary: boolean): void {
    this.alive = true;
    this.inbox.push(isBinary ? null : (data as Buffer).toString());
    this.pauseIfFull();
  }

  /** What a client sends too fast waits, at last in its own network buffers; so does what one sends that takes no answers. */
  private get isFull(): boolean {
    const { inbox, unanswered, socket, deps } = this;
    const isTooLong = !this.hasJoined && socket.received > MAX_UNAUTHENTICATED_BYTES;
    return isTooLong || inbox.isFull || unanswered >= MAX_UNANSWERED || socket.unsent >= deps.unsentBytes;
  }

  private pauseIfFull(): void {
    if (this.isFull) this.socket.pause();
  }

  private resumeUnlessFull(): void {
    if (!this.isFull) this.socket.resume();
  }

  private async handleFrame(frame: Frame): Promise<void> {
    if (this.hasEnded) return;
    let input: unknown;
    try {
      if (frame === null) throw new AtomeError('invalid', 'send text frames; a binary frame is not understood');
      input = decodeJson(frame);
      await this.handleMessage(parseMessage(input, this.deps.limits));
    } catch (error) {
      this.sendError(error, input);
    }
    this.resumeUnlessFull();
  }

  private handleMessage(message: ClientMessage): Promise<void> | void {
    if (message.type === 'ping') return this.socket.send({ type: 'pong', timestamp: new Date().toISOString() });
    if (message.type === 'auth') return this.authenticate(message.token);
    const principal = this.identity.requirePrincipal();
    assertRole(principal, MESSAGE_PERMISSIONS[message.type]);
    const by = { clientId: this.clientId, principal };
    switch (message.type) {
      case 'subscribe':
        return this.subscription.openRange(principal, this.deps.accessPolicy.accessFingerprint(principal), message);
      case 'unsubscribe':
        return this.subscription.stop();
      case 'presence':
        return this.deps.connectionRegistry.setPresence(this, message.state);
      case 'mutate':
        return this.acknowledge(this.deps.writes.mutate(message.mutation, by));
      case 'atome:created':
      case 'atome:updated':
      case 'atome:altered':
      case 'atome:deleted':
        return this.deps.writes.legacy(message, by).then((answer) => answer && this.socket.send(answer));
    }
  }

  /** A write is not waited for: the next message may join its group. */
  private acknowledge(answer: Promise<ServerMessage>): void {
    this.unanswered += 1;
    void answer.then((message) => {
      this.unanswered -= 1;
      this.socket.answer(message);
      this.resumeUnlessFull();
    });
  }

  /** The first token opens the connection, a later one renews it. While authentication is off, any will do. */
  private async authenticate(token: string): Promise<void> {
    const { principal: before, deps } = this;
    const isFirst = !before;
    try {
      const { principal, expiresAt } = await this.identity.acceptToken(token);
      const { epoch, seq } = (await this.deps.feed.log(principal.tenant)).tail;
      this.socket.send({
        type: 'auth:success',
        clientId: this.clientId,
        principal,
        expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
        epoch,
        seq,
      });
      if (isFirst) await this.join(principal);
      else if (deps.accessPolicy.accessFingerprint(before) !== deps.accessPolicy.accessFingerprint(principal))
        this.subscription.setViewer(principal);
    } catch (error) {
      this.sendError(error);
      // a renewal that cannot be checked just now changes nothing: the token before it is good until it expires
      if (!isFirst && toAtomeError(error).retryable) return;
      this.end(closeCodeOf(error), 'the token is refused; the error before this says why');
    }
  }

  private sendError(error: unknown, input?: unknown): void {
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
