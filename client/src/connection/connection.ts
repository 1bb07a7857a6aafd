import type { ServerMessage, Welcome } from '../../../src/protocol/index.js';
import { isFinalClose, NO_PROGRESS, NORMAL, UNAUTHENTICATED } from '../../../src/protocol/close-codes.js';
import { codeOfStatus, SyncError, toError } from '../errors.js';
import { Heartbeat, type HeartbeatRules } from './heartbeat.js';
import { IDLE, isUp, next, timerMs, type Effect, type Event, type Rules, type State } from './state.js';
import { Timer, type After } from './timer.js';
import type { Dial, Transport } from './transport.js';

/** What a connection is made of; everything that wanders comes in here. */
export interface ConnectionParts {
  readonly dial: Dial;
  readonly after: After;
  /** In [0, 1). */
  readonly random: () => number;
  readonly rules: Rules;
  readonly heartbeat: HeartbeatRules;
}

/** Whom a connection works for. */
export interface ConnectionPort {
  url(): string;
  /** False when asking for a token again cannot give another one. */
  renewable(): boolean;
  /** @param renew the last one was refused. */
  token(renew: boolean): Promise<string | undefined>;
  /** The message that asks for everything from here on. */
  subscription(): object;
  /** Anything that is not the connection's own business. */
  received(message: ServerMessage): void;
  connected(welcome: Welcome): void;
  disconnected(code: number, reason: string): void;
  /** An attempt failed, or a message could not be understood. */
  failed(error: Error): void;
  /** The state is another one. */
  moved?(state: State): void;
}

interface Close {
  readonly code: number;
  readonly reason: string;
}

const SILENT: Close = { code: NO_PROGRESS, reason: 'no answer in time' };

/** A connection to the server that keeps itself up: the pure {@link next} with its socket and its timers. */
export class Connection {
  private current: State = IDLE;
  private transport: Transport | undefined;
  private welcome: Welcome | undefined;
  private refusedToken = false;
  private waiters: ((connected: boolean) => void)[] = [];
  private readonly timer: Timer;
  private readonly heartbeat: Heartbeat;

  constructor(
    private readonly parts: ConnectionParts,
    private readonly port: ConnectionPort,
  ) {
    this.timer = new Timer(parts.after);
    this.heartbeat = new Heartbeat(parts.heartbeat, new Timer(parts.after), {
      ping: () => this.write({ type: 'ping' }),
      lost: () => this.drop(SILENT),
    });
  }

  get state(): State {
    return this.current;
  }

  get up(): boolean {
    return isUp(this.current);
  }

  /** The name that the server has given to this connection, while it is up. */
  get clientId(): string | null {
    return this.up ? this.welcome!.clientId : null;
  }

  /** @returns true once connected; false when the attempt failed, after which it goes on trying by itself. */
  connect(): Promise<boolean> {
    if (this.up) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.waiters.push(resolve);
      this.dispatch({ type: 'connect' });
    });
  }

  disconnect(): void {
    this.dispatch({ type: 'disconnect' }, { code: NORMAL, reason: 'client disconnect' });
  }

  wake(): void {
    this.dispatch({ type: 'wake' });
  }

  resubscribe(): void {
    this.dispatch({ type: 'resubscribe' });
  }

  /** @returns false when not connected: nothing is kept for later. */
  send(message: object): boolean {
    if (this.up) this.write(message);
    return this.up;
  }

  private write(message: object): void {
    this.transport?.send(JSON.stringify(message));
  }

  private dispatch(event: Event, close: Close = SILENT): void {
    const before = this.current;
    const { state, effect } = next(before, event, this.parts.rules, this.parts.random());
    this.current = state;
    if (state !== before) this.arm();
    if (effect) this.perform(effect, close);
    if (state.phase !== before.phase) this.announce(before, state, close);
    if (state !== before) this.port.moved?.(state);
  }

  private arm(): void {
    const ms = timerMs(this.current, this.parts.rules);
    if (ms === undefined) this.timer.stop();
    else this.timer.start(ms, () => this.dispatch({ type: 'elapsed' }));
  }

  private perform(effect: Effect, close: Close): void {
    switch (effect) {
      case 'open':
        return this.open();
      case 'close':
        return this.release(close);
      case 'authenticate':
        return void this.authenticate();
      case 'subscribe':
        return this.write(this.port.subscription());
      case 'probe':
        return this.heartbeat.probe();
    }
  }

  private open(): void {
    this.transport = this.parts.dial(this.port.url(), {
      message: (text) => this.receive(text),
      closed: (code, reason) => this.closed({ code, reason }),
    });
  }

  private release({ code, reason }: Close): void {
    this.transport?.close(code, reason);
    this.transport = undefined;
  }

  /** Ends the connection from this side as if it had been lost. */
  private drop(close: Close): void {
    this.release(close);
    this.closed(close);
  }

  private closed(close: Close): void {
    this.transport = undefined;
    this.refusedToken = close.code === UNAUTHENTICATED;
    const final = this.refusedToken ? !this.port.renewable() : isFinalClose(close.code);
    this.dispatch({ type: 'closed', final }, close);
  }

  private async authenticate(): Promise<void> {
    const { transport } = this;
    let close: Close = { code: UNAUTHENTICATED, reason: 'the server asks for a token' };
    try {
      const token = await this.port.token(this.refusedToken);
      if (this.transport !== transport) return;
      if (token) return this.write({ type: 'auth', token });
    } catch (thrown) {
      if (this.transport !== transport) return;
      close = { code: NORMAL, reason: `no token: ${toError(thrown).message}` };
    }
    this.drop(close);
  }

  private receive(text: string): void {
    this.heartbeat.heard();
    try {
      this.handle(JSON.parse(text) as ServerMessage);
    } catch (thrown) {
      this.port.failed(toError(thrown));
    }
  }

  private handle(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.welcome = message;
        return this.dispatch({ type: 'welcome', authRequired: message.authRequired });
      case 'auth:success':
        return this.dispatch({ type: 'authenticated' });
      case 'goaway':
        return this.dispatch({ type: 'goaway', retryAfterMs: message.retryAfter });
      case 'pong':
        return;
      default:
        this.port.received(message);
    }
    if (message.type === 'subscribed') this.dispatch({ type: 'subscribed' });
    if (message.type === 'sync:live') this.dispatch({ type: 'caughtUp' });
  }

  private announce(before: State, state: State, close: Close): void {
    if (isUp(state) && !isUp(before)) {
      this.refusedToken = false;
      this.heartbeat.start();
      this.port.connected(this.welcome!);
    } else if (isUp(before) && !isUp(state)) {
      this.heartbeat.stop();
      this.port.disconnected(close.code, close.reason);
    }
    const failure = this.failure(before, state, close);
    if (failure) this.port.failed(failure);
    if (isUp(state) || !('floorMs' in state)) this.settle(isUp(state));
  }

  private failure(before: State, { phase, ...state }: State, { code, reason }: Close): SyncError | undefined {
    const why = `${this.port.url()}: ${reason || 'closed'} (${code})`;
    if (phase === 'refused') return new SyncError(codeOfStatus(code - 4000), `refused by ${why}`);
    if (phase === 'exhausted') return new SyncError('offline', `gave up on ${why}; connect() starts over`);
    if (!('delayMs' in state) || isUp(before)) return undefined;
    return new SyncError('offline', `no connection to ${why}; next attempt in ${Math.round(state.delayMs)} ms`);
  }

  private settle(connected: boolean): void {
    for (const resolve of this.waiters.splice(0)) resolve(connected);
  }
}
