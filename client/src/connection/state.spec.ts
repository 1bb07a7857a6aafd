import { describe, expect, it } from '@jest/globals';
import { IDLE, isUp, next, timerMs, type Effect, type Event, type Phase, type Rules, type State } from './state.js';

const RULES: Rules = {
  reconnect: { firstMs: 1_000, maxMs: 30_000, attempts: 10 },
  answerMs: 10_000,
  stableMs: 30_000,
};

const STATES: Record<Phase | 'resubscribing' | 'putOff', State> = {
  idle: IDLE,
  opening: { phase: 'opening', attempt: 2, floorMs: 0 },
  authenticating: { phase: 'authenticating', attempt: 2, floorMs: 0 },
  subscribing: { phase: 'subscribing', attempt: 2, floorMs: 0, again: false },
  resubscribing: { phase: 'subscribing', attempt: 2, floorMs: 0, again: true },
  putOff: { phase: 'subscribing', attempt: 2, floorMs: 0, again: false, delayMs: 5_500 },
  connected: { phase: 'connected', attempt: 2, floorMs: 0 },
  waiting: { phase: 'waiting', attempt: 2, delayMs: 700 },
  exhausted: { phase: 'exhausted' },
  refused: { phase: 'refused' },
};

const EVENTS = {
  connect: { type: 'connect' },
  disconnect: { type: 'disconnect' },
  wake: { type: 'wake' },
  welcome: { type: 'welcome', authRequired: false },
  guarded: { type: 'welcome', authRequired: true },
  authenticated: { type: 'auth:success' },
  subscribed: { type: 'subscribed' },
  resubscribe: { type: 'resubscribe' },
  caughtUp: { type: 'sync:live' },
  goaway: { type: 'goaway', retryAfter: 5_000 },
  laterOn: { type: 'error', details: { retryAfter: 5_000 } },
  fault: { type: 'error' },
  closed: { type: 'closed', final: false },
  refused: { type: 'closed', final: true },
  elapsed: { type: 'elapsed' },
} as const satisfies Record<string, Event>;

type EventName = keyof typeof EVENTS;
type Expected = '-' | Phase | `${Phase} ${Effect}`;

/** Where each event leads from each state, and what is done on the way; `-` is nowhere. */
const TABLE: Record<keyof typeof STATES, Record<EventName, Expected>> = {
  idle: {
    connect: 'opening open',
    disconnect: '-',
    wake: '-',
    welcome: '-',
    guarded: '-',
    authenticated: '-',
    subscribed: '-',
    resubscribe: '-',
    caughtUp: '-',
    goaway: '-',
    laterOn: '-',
    fault: '-',
    closed: '-',
    refused: '-',
    elapsed: '-',
  },
  opening: {
    connect: '-',
    disconnect: 'idle close',
    wake: '-',
    welcome: 'subscribing subscribe',
    guarded: 'authenticating authenticate',
    authenticated: '-',
    subscribed: '-',
    resubscribe: '-',
    caughtUp: '-',
    goaway: 'opening',
    laterOn: '-',
    fault: '-',
    closed: 'waiting',
    refused: 'refused',
    elapsed: 'waiting close',
  },
  authenticating: {
    connect: '-',
    disconnect: 'idle close',
    wake: '-',
    welcome: '-',
    guarded: '-',
    authenticated: 'subscribing subscribe',
    subscribed: '-',
    resubscribe: '-',
    caughtUp: '-',
    goaway: 'authenticating',
    laterOn: '-',
    fault: '-',
    closed: 'waiting',
    refused: 'refused',
    elapsed: 'waiting close',
  },
  subscribing: {
    connect: '-',
    disconnect: 'idle close',
    wake: '-',
    welcome: '-',
    guarded: '-',
    authenticated: '-',
    subscribed: 'connected',
    resubscribe: 'subscribing subscribe',
    caughtUp: '-',
    goaway: 'subscribing',
    laterOn: 'subscribing',
    fault: '-',
    closed: 'waiting',
    refused: 'refused',
    elapsed: 'waiting close',
  },
  putOff: {
    connect: '-',
    disconnect: 'idle close',
    wake: '-',
    welcome: '-',
    guarded: '-',
    authenticated: '-',
    subscribed: 'connected',
    resubscribe: 'subscribing subscribe',
    caughtUp: '-',
    goaway: 'subscribing',
    laterOn: 'subscribing',
    fault: '-',
    closed: 'waiting',
    refused: 'refused',
    elapsed: 'subscribing subscribe',
  },
  resubscribing: {
    connect: '-',
    disconnect: 'idle close',
    wake: 'subscribing probe',
    welcome: '-',
    guarded: '-',
    authenticated: '-',
    subscribed: 'connected',
    resubscribe: 'subscribing subscribe',
    caughtUp: '-',
    goaway: 'subscribing',
    laterOn: 'subscribing',
    fault: '-',
    closed: 'waiting',
    refused: 'refused',
    elapsed: 'waiting close',
  },
  connected: {
    connect: '-',
    disconnect: 'idle close',
    wake: 'connected probe',
    welcome: '-',
    guarded: '-',
    authenticated: '-',
    subscribed: '-',
    resubscribe: 'subscribing subscribe',
    caughtUp: 'connected',
    goaway: 'connected',
    laterOn: '-',
    fault: '-',
    closed: 'waiting',
    refused: 'refused',
    elapsed: 'connected',
  },
  waiting: {
    connect: 'opening open',
    disconnect: 'idle close',
    wake: 'opening open',
    welcome: '-',
    guarded: '-',
    authenticated: '-',
    subscribed: '-',
    resubscribe: '-',
    caughtUp: '-',
    goaway: '-',
    laterOn: '-',
    fault: '-',
    closed: '-',
    refused: '-',
    elapsed: 'opening open',
  },
  exhausted: {
    connect: 'opening open',
    disconnect: 'idle close',
    wake: 'opening open',
    welcome: '-',
    guarded: '-',
    authenticated: '-',
    subscribed: '-',
    resubscribe: '-',
    caughtUp: '-',
    goaway: '-',
    laterOn: '-',
    fault: '-',
    closed: '-',
    refused: '-',
    elapsed: '-',
  },
  refused: {
    connect: 'opening open',
    disconnect: 'idle close',
    wake: '-',
    welcome: '-',
    guarded: '-',
    authenticated: '-',
    subscribed: '-',
    resubscribe: '-',
    caughtUp: '-',
    goaway: '-',
    laterOn: '-',
    fault: '-',
    closed: '-',
    refused: '-',
    elapsed: '-',
  },
};

const cells = Object.entries(TABLE).flatMap(([state, row]) =>
  Object.entries(row).map(([event, expected]) => [state, event, expected] as const),
);

/** The machine led from idle by these events, always with the largest delay. */
function after(...events: Event[]): State {
  return events.reduce<State>((state, event) => next(state, event, RULES, 1)[0], IDLE);
}

const UP = [EVENTS.connect, EVENTS.welcome, EVENTS.subscribed] as const;

describe('the life of a connection', () => {
  it.each(cells)('%s + %s → %s', (name, event, expected) => {
    const state = STATES[name as keyof typeof STATES];
    const [after, effect] = next(state, EVENTS[event as EventName], RULES, 0.5);

    if (expected === '-') expect({ after, effect }).toEqual({ after: state, effect: undefined });
    else expect([after.phase, effect].filter(Boolean).join(' ')).toBe(expected);
  });

  it('counts as up from the first subscription on, also while it subscribes again', () => {
    expect(Object.keys(STATES).filter((name) => isUp(STATES[name as Phase]))).toEqual(['resubscribing', 'connected']);
  });

  it('doubles the delay to 30 s and gives up after 10 attempts', () => {
    const delays: number[] = [];
    let state = after(EVENTS.connect, EVENTS.closed);
    while (state.phase === 'waiting') {
      delays.push(state.delayMs);
      const opening = next(state, EVENTS.elapsed, RULES, 1)[0];
      state = next(opening, EVENTS.closed, RULES, 1)[0];
    }

    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
    expect(state.phase).toBe('exhausted');
  });

  it('adds the jitter to how long the server puts a subscription off, and then waits for an answer as ever', () => {
    const [putOff] = next(STATES.resubscribing, EVENTS.laterOn, RULES, 0.5);
    expect(timerMs(putOff, RULES)).toBe(5_500);
    const [asking] = next(putOff, EVENTS.elapsed, RULES, 0.5);
    expect(asking).toEqual(STATES.resubscribing);
    expect(timerMs(asking, RULES)).toBe(RULES.answerMs);
  });

  it('adds the jitter to what the server asks to wait', () => {
    expect(after(...UP, EVENTS.goaway, EVENTS.closed)).toEqual({ phase: 'waiting', attempt: 1, delayMs: 6_000 });
  });

  it('forgets failed attempts once caught up, or up for 30 s', () => {
    const back = after(EVENTS.connect, EVENTS.closed, EVENTS.elapsed, EVENTS.welcome, EVENTS.subscribed);
    expect(back).toMatchObject({ phase: 'connected', attempt: 1 });
    expect(timerMs(back, RULES)).toBe(30_000);

    for (const event of [EVENTS.caughtUp, EVENTS.elapsed]) {
      const good = next(back, event, RULES, 0)[0];
      expect(good).toMatchObject({ phase: 'connected', attempt: 0 });
      expect(timerMs(good, RULES)).toBeUndefined();
    }
  });

  it('goes on counting when a connection falls before it was good', () => {
    const flapping = [EVENTS.closed, EVENTS.elapsed, EVENTS.welcome, EVENTS.subscribed] as const;
    expect(after(...UP, ...flapping, ...flapping, EVENTS.closed)).toMatchObject({ phase: 'waiting', attempt: 3 });
  });

  it('starts over from the first attempt when asked or woken', () => {
    for (const event of [EVENTS.connect, EVENTS.wake]) {
      expect(next(STATES.waiting, event, RULES, 0)[0]).toMatchObject({ phase: 'opening', attempt: 0 });
    }
  });
});
