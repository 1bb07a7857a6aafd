import type { ClientMessage } from '../protocol/index.js';

/*
 *                    unidentified               identified
 *   handshaking ──────────────────▶ anonymous ────────────▶ joined ──┐ identified
 *        │                              │                    │  ▲    │ (a newer token)
 *        │ identified                   │                    │  └────┘
 *        ├──────────────────────────────┼──────────────▶ joined
 *        │ ended                        │ ended              │ ended
 *        └──────────────────────────────┴──────▶ ended ◀─────┘
 */

/**
 * Where a connection stands: `handshaking` until it is known whether the handshake said who it is; `anonymous` until a
 * token says so; `joined` while it takes part in its tenant; `ended` from the moment it may not go on.
 */
export type SessionState = 'handshaking' | 'anonymous' | 'joined' | 'ended';

/** What a connection can go through. */
export type SessionEvent = 'unidentified' | 'identified' | 'ended';

const NEXT: Readonly<Record<SessionState, Readonly<Record<SessionEvent, SessionState>>>> = {
  handshaking: { unidentified: 'anonymous', identified: 'joined', ended: 'ended' },
  anonymous: { unidentified: 'anonymous', identified: 'joined', ended: 'ended' },
  joined: { unidentified: 'joined', identified: 'joined', ended: 'ended' },
  ended: { unidentified: 'ended', identified: 'ended', ended: 'ended' },
};

export function nextState(state: SessionState, event: SessionEvent): SessionState {
  return NEXT[state][event];
}

/** What becomes of a message: it waits in the inbox, is handled, is refused as `unauthenticated`, or is dropped. */
export type Reception = 'wait' | 'handle' | 'refuse' | 'drop';

type Receptions = Readonly<Record<SessionState, Reception>>;

const FROM_ANYBODY: Receptions = { handshaking: 'wait', anonymous: 'handle', joined: 'handle', ended: 'drop' };
const FROM_PRINCIPALS: Receptions = { ...FROM_ANYBODY, anonymous: 'refuse' };

const RECEPTIONS: Readonly<Record<ClientMessage['type'], Receptions>> = {
  ping: FROM_ANYBODY,
  auth: FROM_ANYBODY,
  subscribe: FROM_PRINCIPALS,
  unsubscribe: FROM_PRINCIPALS,
  presence: FROM_PRINCIPALS,
  mutate: FROM_PRINCIPALS,
  'atome:created': FROM_PRINCIPALS,
  'atome:updated': FROM_PRINCIPALS,
  'atome:altered': FROM_PRINCIPALS,
  'atome:deleted': FROM_PRINCIPALS,
};

export function receptionOf(type: ClientMessage['type'], state: SessionState): Reception {
  return RECEPTIONS[type][state];
}
