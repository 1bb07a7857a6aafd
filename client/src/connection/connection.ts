import type { Principal, ServerMessage, Welcome } from '../../../src/protocol/index.js';
import { isFinalClose, NO_PROGRESS, NORMAL, TOO_MANY, UNAUTHENTICATED } from '../../../src/protocol/close-codes.js';
import { SyncError, toError, type SyncErrorCode } from '../core/errors.js';
import { createTimer } from '../core/timer.js';
import { createHeartbeat, type HeartbeatRules } from './heartbeat.js';
import { IDLE, isUp, next, timerMs, type Effect, type Event, type Rules, type State } from './state.js';
import type { Dial, Transport } from './transport.js';

/** What a connection is made of; everything that wanders comes in here. */
export interface ConnectionParts extends Rules, HeartbeatRules {
  readonly dial: Dial;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Whom a connection works for. */
export interface ConnectionPort {
  url(): string;
  /** False when asking for a token again cannot give another one. */
  renewable(): boolean;
  /** @param renew the last one was refused. */
  token(renew: boolean): Promise<string | undefined>;
  /** The message that asks for everything from here on. */
  subscription(welcome: Welcome): object;
  /** Anything that is not the connection's own business. */
  received(message: ServerMessage): void;
  connected(welcome: Welcome): void;
  /**
   * The server has said who we are; nobody in particular when it asks nobody. Nothing is sent before this returns.
   * @param token what it knows that by, where it has asked for one.
   */
  identified?(principal?: Pick<Principal, 'tenant' | 'id'>, token?: string): void;
  disconnected(code: number, reason: string): void;
  /** An attempt failed, or a message could not be understood. */
  failed(error: Error): void;
  /** The state is another one. */
  changed(state: State): void;
}

/** A connection to the server that keeps itself up: the pure {@link next} with its socket and its timers. */
export interface Connection {
  readonly state: State;
  /** Tries until it is connected, or may not try any more. */
  connect(): void;
  disconnect(): void;
  readonly wake: () => void;
  /** The device says that it has no network: takes the connection for lost, and tries anew. */
  readonly lose: () => void;
  resubscribe(): void;
  /** @returns false when not connected: nothing is kept for later. */
  readonly send: (message: object) => boolean;
}

interface Close {
  readonly code: number;
  readonly reason: string;
}

/** A token that ends sooner is not renewed on its connection, in milliseconds. */
const LAST_MS = 2_000;
/** The longest that a timer can take. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What a final close means. */
function refusalOf(code: number): SyncErrorCode {
  if (code === UNAUTHENTICATED) return 'unauthenticated';
  return code === TOO_MANY ? 'rate_limited' : 'forbidden';
}

/**
 * What was sent before the server had read the subscription that is being asked for: events by themselves always are,
 * since we read ranges. The replay tells all of it again.
 */
function isStray({ type }: ServerMessage, { phase }: State): boolean {
  return (phase === 'connected' ? /^atome:/ : /^atome:|^events|^sync:live/).test(type);
}

const SILENT: Close = { code: NO_PROGRESS, reason: 'no answer in time' };
const REFUSED: Close = { code: NORMAL, reason: 'the subscription was refused' };
const OFFLINE: Close = { code: NO_PROGRESS, reason: 'the device is offline' };

export function createConnection(parts: ConnectionParts, port: ConnectionPort): Connection {
  let state = IDLE;
  let transport: Transport | undefined;
  let welcome: Welcome;
  /** How far the local clock is, in milliseconds. */
  let ahead = 0;
  let refusedToken = false;
  /** The token that was sent last. */
  let offered: string | undefined;
  const timer = createTimer();
  const renewal = createTimer();
  const heartbeat = createHeartbeat(
    parts,
    () => write({ type: 'ping' }),
    () => drop(SILENT),
  );

  function write(message: object): void {
    transport?.send(JSON.stringify(message));
  }

  const effects: Readonly<Record<Effect, (close: Close) => void>> = {
    open() {
      transport = parts.dial(port.url(), { message: receive, closed: (code, reason) => closed({ code, reason }) });
    },
    close: release,
    authenticate: () => void authenticate(refusedToken),
    subscribe: () => write(port.subscription(welcome)),
    probe: heartbeat.probe,
  };

  function dispatch(event: Event, close = SILENT): void {
    const before = state;
    const [after, effect] = next(before, event, parts, parts.random());
    state = after;
    const ms = timerMs(after, parts);
    if (after !== before) {
      timer.stop();
      if (ms !== undefined) timer.start(ms, () => dispatch({ type: 'elapsed' }));
    }
    if (effect) effects[effect](close);
    if (after.phase !== before.phase) announce(before, after, close);
    if (after !== before) port.changed(after);
  }

  function release({ code, reason }: Close): void {
    renewal.stop();
    transport?.close(code, reason);
    transport = undefined;
  }

  /** Ends the connection from this side as if it had been lost. */
  function drop(close: Close): void {
    release(close);
    closed(close);
  }

  function closed(close: Close): void {
    renewal.stop();
    transport = undefined;
    refusedToken = close.code === UNAUTHENTICATED;
    // one that the server had taken has ended, whatever became of its renewal: that is no refusal of the next
    const final = refusedToken ? !isUp(state) && !port.renewable() : isFinalClose(close.code);
    dispatch({ type: 'closed', final }, close);
  }

  async function authenticate(renew: boolean, isUrgent = true): Promise<void> {
    const asking = transport;
    let close: Close = { code: UNAUTHENTICATED, reason: 'the server asks for a token' };
    try {
      const token = await port.token(renew);
      if (transport !== asking) return;
      offered = token;
      if (token) return write({ type: 'auth', token });
    } catch (thrown) {
      if (transport !== asking) return;
      close = { code: NORMAL, reason: `no token: ${toError(thrown).message}` };
    }
    if (isUrgent) drop(close);
  }

  /** Brings a new token before the last one ends, and with it the connection. */
  function renewBefore(expiresAt: string | null): void {
    const left = Date.parse(expiresAt!) + ahead - Date.now();
    if (left > LAST_MS && port.renewable()) {
      renewal.start(Math.min(left * 0.8, MAX_TIMER_MS), () => void authenticate(true, false));
    }
  }

  function receive(text: string): void {
    heartbeat.heard();
    try {
      handle(JSON.parse(text) as ServerMessage);
    } catch (thrown) {
      port.failed(toError(thrown));
    }
  }

  function handle(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        welcome = message;
        ahead = Date.now() - Date.parse(message.serverTime);
        if (!message.authRequired) port.identified?.();
        break;
      case 'auth:success':
        port.identified?.(message.principal, offered);
        // whoever has learnt who they are may have ended the connection
        if (transport) renewBefore(message.expiresAt);
        break;
      case 'error':
        failed(message.code, message.message);
        return dispatch(message, REFUSED);
      case 'goaway':
      case 'pong':
        break;
      case 'subscribed':
      case 'sync:live':
        pass(message);
        break;
      default:
        return pass(message);
    }
    dispatch(message);
  }

  function pass(message: ServerMessage): void {
    if (!isStray(message, state)) port.received(message);
  }

  function failed(code: SyncErrorCode, text: string): void {
    port.failed(new SyncError(code, text));
  }

  function announce(before: State, after: State, { code, reason }: Close): void {
    const [wasUp, up] = [isUp(before), isUp(after)];
    if (up && !wasUp) {
      refusedToken = false;
      heartbeat.start();
      port.connected(welcome);
    } else if (wasUp && !up) {
      heartbeat.stop();
      port.disconnected(code, reason);
    }
    const why = `${port.url()}: ${reason || 'closed'} (${code})`;
    // why a subscription was, the server has told already
    if (after.phase === 'refused' && code !== NORMAL) failed(refusalOf(code), `refused by ${why}`);
    if (after.phase === 'exhausted') failed('offline', `gave up on ${why}; connect() starts over`);
    if (after.phase === 'waiting' && !wasUp) {
      failed('offline', `no connection to ${why}; next attempt in ${after.delayMs} ms`);
    }
  }

  return {
    get state() {
      return state;
    },
    connect: () => dispatch({ type: 'connect' }),
    disconnect: () => dispatch({ type: 'disconnect' }, { code: NORMAL, reason: 'client disconnect' }),
    wake: () => dispatch({ type: 'wake' }),
    lose: () => drop(OFFLINE),
    resubscribe: () => dispatch({ type: 'resubscribe' }),
    send(message) {
      const up = isUp(state);
      if (up) write(message);
      return up;
    },
  };
}
