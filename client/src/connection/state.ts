import { backoffMs, type Backoff } from './backoff.js';

/*
 * The life of a connection that keeps itself up, as values: `next` says where an event leads and what is to be
 * done on the way. Time and chance come in as arguments; each state has at most one timer (`timerMs`).
 *
 *            connect          welcome                 authenticated               subscribed
 *   idle ─────────────▶ opening ─────▶ authenticating ─────────────▶ subscribing ───────────▶ connected
 *                          ▲ └──────────── no token asked for ──────────▲  ▲                      │
 *                  elapsed │                                            │  └──── resubscribe ─────┘
 *                          │            closed, or no answer in time    │
 *                       waiting ◀───────────────────────────────────────┘ (from each of the four)
 *
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
  /** `again`: on a connection that was live already, and counts as up. */
  | ({ readonly phase: 'subscribing'; readonly again: boolean } & Trying);

export type Phase = State['phase'];

export type Event =
  | { readonly type: 'connect' | 'disconnect' | 'authenticated' | 'subscribed' | 'resubscribe' | 'caughtUp' }
  | { readonly type: 'welcome'; readonly authRequired: boolean }
  | { readonly type: 'goaway'; readonly retryAfterMs: number }
  | { readonly type: 'closed'; readonly final: boolean }
  /** The state's own timer. */
  | { readonly type: 'elapsed' }
  /** The device is likely to have its network again. */
  | { readonly type: 'wake' };

/** What is to be done when a state is left. */
export type Effect = 'open' | 'close' | 'authenticate' | 'subscribe' | 'probe';

export interface Rules {
  readonly reconnect: Backoff;
  /** How long opening, authenticating and subscribing may take each, in milliseconds. */
  readonly handshakeMs: number;
  /** After this time up, in milliseconds, a connection counts as good and attempts start from 0. */
  readonly stableMs: number;
}

export interface Transition {
  readonly state: State;
  readonly effect?: Effect;
}

export const IDLE: State = { phase: 'idle' };

/** @param chance in [0, 1), for the jitter. */
export function next(state: State, event: Event, rules: Rules, chance: number): Transition {
  switch (event.type) {
    case 'connect':
      return isTrying(state) ? { state } : open(0);
    case 'disconnect':
      return state.phase === 'idle' ? { state } : { state: IDLE, effect: 'close' };
    case 'wake':
      if (isUp(state)) return { state, effect: 'probe' };
      return state.phase === 'waiting' || state.phase === 'exhausted' ? open(0) : { state };
    case 'welcome':
      if (state.phase !== 'opening') return { state };
      return event.authRequired
        ? { state: { ...state, phase: 'authenticating' }, effect: 'authenticate' }
        : subscribe(state, false);
    case 'authenticated':
      return state.phase === 'authenticating' ? subscribe(state, false) : { state };
    case 'subscribed':
      return state.phase === 'subscribing' ? { state: connected(state, state.attempt) } : { state };
    case 'resubscribe':
      if (state.phase === 'subscribing') return subscribe(state, state.again);
      return state.phase === 'connected' ? subscribe(state, true) : { state };
    case 'caughtUp':
      return state.phase === 'connected' ? { state: connected(state, 0) } : { state };
    case 'goaway':
      return isTrying(state) ? { state: { ...state, floorMs: event.retryAfterMs } } : { state };
    case 'closed':
      if (!isTrying(state)) return { state };
      return { state: event.final ? { phase: 'refused' } : retreat(state, rules, chance) };
    case 'elapsed':
      if (state.phase === 'waiting') return open(state.attempt);
      if (state.phase === 'connected') return { state: connected(state, 0) };
      return isTrying(state) ? { state: retreat(state, rules, chance), effect: 'close' } : { state };
  }
}

/** When `elapsed` follows, in milliseconds; undefined for never. */
export function timerMs(state: State, rules: Rules): number | undefined {
  switch (state.phase) {
    case 'opening':
    case 'authenticating':
    case 'subscribing':
      return rules.handshakeMs;
    case 'connected':
      return state.attempt > 0 ? rules.stableMs : undefined;
    case 'waiting':
      return state.delayMs;
    case 'idle':
    case 'exhausted':
    case 'refused':
      return undefined;
  }
}

/** True while the application counts as connected. */
export function isUp(state: State): boolean {
  return state.phase === 'connected' || (state.phase === 'subscribing' && state.again);
}

type TryingState = Extract<State, Trying>;

function isTrying(state: State): state is TryingState {
  return 'floorMs' in state;
}

function open(attempt: number): Transition {
  return { state: { phase: 'opening', attempt, floorMs: 0 }, effect: 'open' };
}

function subscribe({ attempt, floorMs }: Trying, again: boolean): Transition {
  return { state: { phase: 'subscribing', attempt, floorMs, again }, effect: 'subscribe' };
}

function connected({ floorMs }: Trying, attempt: number): State {
  return { phase: 'connected', attempt, floorMs };
}

function retreat({ attempt, floorMs }: Trying, { reconnect }: Rules, chance: number): State {
  if (attempt >= reconnect.attempts) return { phase: 'exhausted' };
  return { phase: 'waiting', attempt: attempt + 1, delayMs: backoffMs(attempt, reconnect, chance, floorMs) };
}
