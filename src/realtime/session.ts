import { elapse } from '../ledger/elapse.js';
import { REFUSALS } from '../ledger/signals.js';
import type { RawData, WebSocket } from 'ws';
import type { ConnectionLease } from '../auth/admission/connection-limiter.js';
import { closeCodeOf, toAtomeError } from '../http/problem.js';
import {
  AtomeError,
  CloseCode,
  isObject,
  parseMessage,
  PROTOCOL_VERSION,
  type ClientMessage,
  type Principal,
} from '../protocol/index.js';
import { BackPressure } from './backpressure.js';
import { ClientSocket } from './client-socket.js';
import { ConnectionIdentity } from './connection-identity.js';
import { GOING_DOWN } from './connection-registry.js';
import { decodeFrame, TooComplexFrame } from './decode-frame.js';
import type { RegisteredConnection } from './registered-connection.js';
import { Inbox, type Frame } from './inbox.js';
import { costOf } from './message-costs.js';
import { MessageHandler } from './message-handler.js';
import type { Handshake, SessionDependencies } from './session-dependencies.js';
import { nextState, receptionOf, type SessionEvent, type SessionState } from './session-state.js';
import { Subscription, type ActiveSubscription } from './subscription.js';
import { TokenBucket } from '../auth/admission/token-bucket.js';

/**
 * One connection: its messages are handled in the order they came, one after the other, though a write is
 * not waited for. What becomes of a message is decided by {@link SessionState}.
 */
export class Session implements RegisteredConnection {
  readonly socket: ClientSocket;
  readonly connectedAt = Date.now();
  isLeaving = false;
  private state: SessionState = 'handshaking';
  private readonly messages: MessageHandler;
  private readonly inbox: Inbox;
  private readonly identity: ConnectionIdentity;
  private readonly backPressure: BackPressure;

  constructor(
    ws: WebSocket,
    readonly clientId: string,
    handshake: Handshake,
    private readonly deps: SessionDependencies,
  ) {
    const { messagesPerSecond, messageBurst, authMs } = deps.socket;
    this.socket = new ClientSocket(ws);
    const lease = this.acquireLease(handshake.address);
    this.identity = new ConnectionIdentity(deps.authenticator, lease, authMs, (why) =>
      this.end(CloseCode.UNAUTHENTICATED, why),
    );
    const bucket = new TokenBucket(messagesPerSecond, messageBurst, performance.now());
    this.inbox = new Inbox(bucket, (frame) => this.handleFrame(frame));
    this.backPressure = new BackPressure(this.socket, this.inbox, deps.unsentBytes);
    this.messages = new MessageHandler(this, new Subscription(this.socket, deps.feed), this.backPressure, deps);
    this.listenTo(ws, lease);
    deps.connectionRegistry.add(this);
    void this.finishHandshake(handshake).then(() => this.inbox.drain());
  }

  /** undefined until somebody is known. */
  get principal(): Principal | undefined {
    return this.identity.principal;
  }

  get reading(): ActiveSubscription | undefined {
    return this.messages.subscription.reading;
  }

  /** Sends ready frames that may be lost. */
  sendBestEffort(frames: Buffer): void {
    if (this.state !== 'joined' || this.isLeaving) return;
    if (this.socket.unsent < this.deps.unsentBytes) this.socket.write(frames);
  }

  async leave(retryAfter: number): Promise<void> {
    this.isLeaving = true;
    this.socket.send({ type: 'goaway', retryAfter });
    await this.inbox.finish();
    await this.backPressure.settled();
    this.socket.close(...GOING_DOWN);
    await this.socket.closed;
    await this.inbox.finish();
  }

  private acquireLease(address: string): ConnectionLease {
    return this.deps.connectionLimiter.acquire(address, (why) =>
      why === 'displaced'
        ? this.end(CloseCode.POLICY, 'too many connections have not said who they are')
        : this.end(CloseCode.UNAUTHENTICATED, `the token has ${why === 'expired' ? 'expired' : 'been withdrawn'}`),
    );
  }

  private listenTo(ws: WebSocket, lease: ConnectionLease): void {
    const { socket, backPressure } = this;
    socket.half.chargeTo({
      budget: this.deps.halfMessages,
      caller: () => (this.principal ? `${this.principal.tenant} ${this.principal.id}` : this.clientId),
      onExcess: (why) => {
        this.end(CloseCode.POLICY, `${why} in messages that are not whole; send fewer at once`);
        socket.pause();
      },
    });
    // `ws` holds what has come of a message that is not whole
    const stopCounting = socket.onReceived(() => {
      if (this.state === 'joined') stopCounting();
      else backPressure.pauseIfFull();
    });
    ws.on('message', (data, isBinary) => this.receive(data, isBinary));
    // `ws` answers pings by itself; neither they nor pongs pass the inbox
    ws.on('ping', () => this.chargeControl());
    ws.on('pong', () => this.chargeControl());
    socket.onDrain(() => {
      this.messages.subscription.pump();
      backPressure.resumeUnlessFull();
    });
    void socket.closed.then(async () => {
      // who was sent away has written until they have heard of it
      if (this.isLeaving) await this.inbox.finish();
      this.halt();
      lease.release();
      this.deps.connectionRegistry.remove(this);
    });
  }

  private time(): string {
    return new Date(this.deps.now()).toISOString();
  }

  private went(event: SessionEvent): void {
    this.state = nextState(this.state, event);
  }

  /** Stops reading at once: the other end may take its time to close, and may not write meanwhile. */
  private end(code: CloseCode, reason: string): void {
    this.halt();
    this.socket.close(code, reason);
  }

  private halt(): void {
    this.went('ended');
    this.messages.subscription.stop();
    this.identity.end();
  }

  /** Who can be known from the handshake is. */
  private async finishHandshake(handshake: Handshake): Promise<void> {
    try {
      const check = await this.deps.credentialExtractor.extract(handshake, true);
      if (check) await this.identity.accept(check);
      await this.welcome();
    } catch (error) {
      this.sendError(error);
      this.end(closeCodeOf(error), 'the connection is refused; the error before this says why');
    }
  }

  private async welcome(): Promise<void> {
    const { principal } = this;
    const log = principal && (await this.deps.feed.log(principal.tenant));
    if (this.isLeaving) return this.went(principal ? 'identified' : 'unidentified');
    if (!this.socket.open) return;
    const now = this.time();
    this.socket.send({
      type: 'welcome',
      clientId: this.clientId,
      timestamp: now,
      serverTime: now,
      protocol: PROTOCOL_VERSION,
      authRequired: !principal,
      deltas: true,
      connectedClients: principal ? this.deps.connectionRegistry.count(principal.tenant) : 0,
      ...(log && { epoch: log.tail.epoch, seq: log.tail.seq }),
    });
    if (principal && log) await this.join(principal, log.tail.seq);
    else this.went('unidentified');
  }

  /** From here on it hears of what happens in its tenant: of all behind the seq that it was told. */
  private async join(principal: Principal, toldSeq: number): Promise<void> {
    this.went('identified');
    this.backPressure.identified();
    this.deps.connectionRegistry.tellPresences(this);
    await this.messages.subscription.openPlain(principal, this.clientId, toldSeq);
  }

  private receive(data: RawData, isBinary: boolean): void {
    this.inbox.push(isBinary ? null : (data as Buffer).toString());
    this.backPressure.pauseIfFull();
  }

  private chargeControl(): void {
    this.backPressure.throttle(this.inbox.charge(1));
    this.backPressure.pauseIfFull();
  }

  private async handleFrame(frame: Frame): Promise<void> {
    if (this.state === 'ended') return;
    let input: unknown;
    try {
      if (frame === null) throw new AtomeError('invalid', 'send text frames; a binary frame is not understood');
      input = decodeFrame(frame, this.deps.limits);
      await this.handleMessage(parseMessage(input, this.deps.limits), frame.length);
    } catch (error) {
      if (error instanceof TooComplexFrame) this.sendError(error.cause, error.head);
      else this.sendError(error, input);
    }
    this.backPressure.resumeUnlessFull();
  }

  private handleMessage(message: ClientMessage, chars: number): Promise<void> | void {
    const reception = receptionOf(message.type, this.state);
    if (reception === 'refuse') this.identity.requirePrincipal();
    if (reception !== 'handle' || (this.isLeaving && isForNext(message))) return;
    const cost = costOf(message, chars);
    return cost === 1 ? this.take(message) : this.takeCostly(message, cost);
  }

  private async takeCostly(message: ClientMessage, cost: number): Promise<void> {
    const { principal, deps } = this;
    const isCharged = principal !== undefined && deps.authenticator.required && message.type !== 'auth';
    const wait = Math.max(this.inbox.charge(cost - 1), isCharged ? deps.costs.charge(principal, cost) : 0);
    if (wait > 0) await elapse(wait, { ref: false });
    if (this.state !== 'ended') await this.take(message);
  }

  private take(message: ClientMessage): Promise<void> | void {
    if (message.type === 'ping') return this.socket.send({ type: 'pong', timestamp: this.time() });
    if (message.type === 'auth') return this.authenticate(message.token);
    return this.messages.handle(message, this.identity.requirePrincipal());
  }

  /** The first token opens the connection, a later one renews it. While authentication is off, any will do. */
  private async authenticate(token: string): Promise<void> {
    const { principal: before, deps } = this;
    try {
      const { principal, expiresAt } = await this.identity.acceptToken(token);
      const { epoch, seq } = (await deps.feed.log(principal.tenant)).tail;
      this.socket.send({
        type: 'auth:success',
        clientId: this.clientId,
        principal,
        expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
        epoch,
        seq,
      });
      if (!before) await this.join(principal, seq);
      else if (deps.accessPolicy.accessFingerprint(before) !== deps.accessPolicy.accessFingerprint(principal))
        this.messages.subscription.setViewer(principal);
    } catch (error) {
      this.sendError(error);
      // a renewal that cannot be checked just now changes nothing: the token before it is good until it expires
      if (before && toAtomeError(error).retryable) return;
      this.end(closeCodeOf(error), 'the token is refused; the error before this says why');
    }
  }

  private sendError(error: unknown, input?: unknown): void {
    const refusal = toAtomeError(error);
    if (refusal.code === 'internal') this.deps.onError(error);
    if (REFUSALS.hasSubscribers) REFUSALS.publish({ entryPoint: 'socket', code: refusal.code });
    const { code, message, details } = refusal;
    if (isObject(input) && input.type === 'mutate' && typeof input.opId === 'string') {
      this.socket.send({ type: 'nack', opId: input.opId, error: refusal.toBody() });
    } else {
      this.socket.send({ type: 'error', code, message, ...(details && { details }) });
    }
  }
}

/**
 * Whether the next server is sent it, too: what is not acknowledged by the close is sent again, which is neither lost nor
 * refused so. A write of the original client has no name under which it could be.
 */
function isForNext(message: ClientMessage): boolean {
  return message.type !== 'auth' && !('mutation' in message && message.mutation.opId === null);
}
