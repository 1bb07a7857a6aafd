import type { ErrorMessage, Goaway, ServerMessage, Welcome } from '../../../src/protocol/index.js';
import { backoffMs, type Backoff } from './backoff.js';

/*
 * The life of a connection that keeps itself up, as values: `next` says where an event leads and what is to be
 * done on the way. Time and chance come in as arguments; each state has at most one timer (`timerMs`).
 *
 *            connect          welcome                 auth:success                subscribed
 *   idle ─────────────▶ opening ─────▶ authenticating ─────────────▶ subscribing ───────────▶ connected
 *                          ▲ └──────────── no token asked for ──────────▲  ▲                      │
 *                  elapsed │                                            │  └──── resubscribe ─────┘
 *                          │            closed, or no answer in time    │
 *                       waiting ◀───────────────────────────────────────┘ (from each of the four)
 *
 *   A subscription that is refused for now is asked for again after the delay that the server names, one that is wrong
 *   is not: refused.
 *   No attempt left: exhausted. A close after which trying again cannot help: refused.
 *   `disconnect` leads to idle from everywhere; `connect` starts over from every state without a socket,
 *   `wake` from waiting and exhausted.
 */

interface Trying {
  /** Which attempt this is; 0 is the first. */
  readonly attempt: number;
  /** How long the server has asked to stay away, in milliseconds. */
  readonly floorMs: number;
}

export type State =
  | { readonly phase: 'idle' | 'exhausted' | 'refused' }
  | { readonly phase: 'waiting'; readonly attempt: number; readonly delayMs: number }
  | ({ readonly phase: 'opening' | 'authenticating' | 'connected' } & Trying)
  /** `again`: on a connection that was live already, and counts as up. `delayMs`: refused, to be asked for again then. */
  | ({ readonly phase: 'subscribing'; readonly again: boolean; readonly delayMs?: number } & Trying);

/** Which state a connection is in; drawn at the top of this file. */
export type Phase = State['phase'];

/** What happens to a connection: what is asked of it, how its socket fares, and what the server says. */
export type Event =
  | { readonly type: 'connect' | 'disconnect' | 'resubscribe' }
  | { readonly type: 'closed'; readonly final: boolean }
  /** The state's own timer. */
  | { readonly type: 'elapsed' }
  /** The device is likely to have its network again. */
  | { readonly type: 'wake' }
  | Pick<Welcome, 'type' | 'authRequired'>
  | Pick<Goaway, 'type' | 'retryAfter'>
  | (Pick<ErrorMessage, 'type' | 'details'> & Partial<ErrorMessage>)
  | Pick<Exclude<ServerMessage, Welcome | Goaway | ErrorMessage>, 'type'>;

/** What is to be done when a state is left. */
export type Effect = 'open' | 'close' | 'authenticate' | 'subscribe' | 'probe';

export interface Rules {
  readonly reconnect: Backoff;
  /** How long opening, authenticating and subscribing may take each, in milliseconds. */
  readonly answerMs: number;
  /** After this time up, in milliseconds, a connection counts as good and attempts start from 0. */
  readonly stableMs: number;
}

/** The state after an event, and what is to be done. */
export type Transition = readonly [State, Effect?];

/** What a server calls a subscription that it will never take. */
const FINAL = /^(invalid|too_complex|forbidden)/;

export const IDLE: State = { phase: 'idle' };

/** Where an event leads; nowhere when it means nothing there. @param chance in [0, 1), for the jitter. */
export function next(state: State, event: Event, rules: Rules, chance: number): Transition {
  const { phase } = state;
  switch (event.type) {
    case 'connect':
      if (!isTrying(state)) return open(0);
      break;
    case 'disconnect':
      if (phase !== 'idle') return [IDLE, 'close'];
      break;
    case 'wake':
      if (isUp(state)) return [state, 'probe'];
      if (phase === 'waiting' || phase === 'exhausted') return open(0);
      break;
    case 'welcome':
      if (phase !== 'opening') break;
      if (!event.authRequired) return subscribe(state);
      return [{ ...state, phase: 'authenticating' }, 'authenticate'];
    case 'auth:success':
      if (phase === 'authenticating') return subscribe(state);
      break;
    case 'subscribed':
      if (phase === 'subscribing') return [connected(state, state.attempt)];
      break;
    case 'error': {
      const wait = event.details?.retryAfter;
      if (phase === 'subscribing' && wait) {
        return [{ ...state, delayMs: backoffMs(0, rules.reconnect, chance, wait) }];
      }
      // the same one will be refused again
      if (phase === 'subscribing' && FINAL.test(event.code!)) return [{ phase: 'refused' }, 'close'];
      break;
    }
    case 'resubscribe':
      if (phase === 'subscribing' || phase === 'connected') return subscribe(state);
      break;
    case 'sync:live':
      if (phase === 'connected') return [connected(state, 0)];
      break;
    case 'goaway':
      if (isTrying(state)) return [{ ...state, floorMs: event.retryAfter }];
      break;
    case 'closed':
      if (isTrying(state)) return [event.final ? { phase: 'refused' } : retreat(state, rules, chance)];
      break;
    case 'elapsed':
      if (phase === 'waiting') return open(state.attempt);
      if (phase === 'connected') return [connected(state, 0)];
      if (phase === 'subscribing' && state.delayMs) return subscribe(state);
      if (isTrying(state)) return [retreat(state, rules, chance), 'close'];
      break;
    default:
    // what else the server says is for whoever the connection works for
  }
  return [state];
}

/** When `elapsed` follows, in milliseconds; undefined for never. */
export function timerMs(state: State, { answerMs, stableMs }: Rules): number | undefined {
  if ('delayMs' in state) return state.delayMs;
  if (state.phase !== 'connected') return isTrying(state) ? answerMs : undefined;
  return state.attempt > 0 ? stableMs : undefined;
}

/** True while the application counts as connected. */
export function isUp(state: State): boolean {
  return state.phase === 'connected' || (state.phase === 'subscribing' && state.again);
}

/** True while there is a connection, or one is being made. */
export function isTrying(state: State): state is Extract<State, Trying> {
  return 'floorMs' in state;
}

function open(attempt: number): Transition {
  return [{ phase: 'opening', attempt, floorMs: 0 }, 'open'];
}

function subscribe(state: Extract<State, Trying>): Transition {
  const { attempt, floorMs } = state;
  return [{ phase: 'subscribing', again: isUp(state), attempt, floorMs }, 'subscribe'];
}

function connected({ floorMs }: Trying, attempt: number): State {
  return { phase: 'connected', attempt, floorMs };
}

function retreat({ attempt, floorMs }: Trying, { reconnect }: Rules, chance: number): State {
  if (attempt >= reconnect.attempts) return { phase: 'exhausted' };
  return { phase: 'waiting', attempt: attempt + 1, delayMs: backoffMs(attempt, reconnect, chance, floorMs) };
}
