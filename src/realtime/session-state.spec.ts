import { describe, expect, it } from '@jest/globals';
import type { ClientMessage } from '../protocol/index.js';
import { nextState, receptionOf, type Reception, type SessionEvent, type SessionState } from './session-state.js';

const STATES: readonly SessionState[] = ['handshaking', 'anonymous', 'joined', 'ended'];

/** What becomes of each message in each of these states; the compiler asks for every one. */
const TABLE: Readonly<Record<ClientMessage['type'], readonly Reception[]>> = {
  ping: ['wait', 'handle', 'handle', 'drop'],
  auth: ['wait', 'handle', 'handle', 'drop'],
  subscribe: ['wait', 'refuse', 'handle', 'drop'],
  unsubscribe: ['wait', 'refuse', 'handle', 'drop'],
  presence: ['wait', 'refuse', 'handle', 'drop'],
  mutate: ['wait', 'refuse', 'handle', 'drop'],
  'atome:created': ['wait', 'refuse', 'handle', 'drop'],
  'atome:updated': ['wait', 'refuse', 'handle', 'drop'],
  'atome:altered': ['wait', 'refuse', 'handle', 'drop'],
  'atome:deleted': ['wait', 'refuse', 'handle', 'drop'],
};

describe('a session', () => {
  it.each(Object.entries(TABLE) as [ClientMessage['type'], readonly Reception[]][])(
    'takes %s by its state',
    (type, row) => {
      expect(STATES.map((state) => receptionOf(type, state))).toEqual(row);
    },
  );

  it.each<[SessionEvent, readonly SessionState[]]>([
    ['unidentified', ['anonymous', 'anonymous', 'joined', 'ended']],
    ['identified', ['joined', 'joined', 'joined', 'ended']],
    ['ended', ['ended', 'ended', 'ended', 'ended']],
  ])('goes on when it is %s', (event, states) => {
    expect(STATES.map((state) => nextState(state, event))).toEqual(states);
  });
});
