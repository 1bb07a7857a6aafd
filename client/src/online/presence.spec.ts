import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { createEmitter, type Emitter } from '../core/emitter.js';
import { createPresence } from './presence.js';
import type { SyncWebSocket } from './sync-websocket.js';

let events: Emitter;
let presence: ReturnType<typeof createPresence>;
beforeEach(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  events = createEmitter();
  const socket = { on: events.on, connect: () => Promise.resolve(true), send: () => true };
  presence = createPresence(socket as unknown as SyncWebSocket, events.fenced);
});
afterEach(() => void jest.restoreAllMocks());

const come = (clientId: string): void =>
  events.emit('sync:message', { type: 'presence', clientId, principal: 'ada', state: 1 });

it('tells each watcher, whatever another one throws or does', () => {
  const told: Record<string, number[]> = { first: [], begun: [], ended: [], last: [] };
  const errors: string[] = [];
  events.on('sync:error', ({ error }) => errors.push(error.message));
  let endOther = (): void => undefined;
  let count = 0;
  presence.watch((others) => {
    told.first!.push(others.length);
    endOther();
    if (count++ === 1) presence.watch((all) => told.begun!.push(all.length));
    throw new Error('of the application');
  });
  endOther = presence.watch((others) => told.ended!.push(others.length));
  presence.watch((others) => told.last!.push(others.length));
  come('a');
  come('b');
  expect(told).toEqual({ first: [0, 1, 2], begun: [1, 2], ended: [0], last: [0, 1, 2] });
  expect(errors).toEqual(Array(3).fill('of the application'));
});
