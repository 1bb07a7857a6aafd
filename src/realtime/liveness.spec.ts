import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WebSocket } from 'ws';
import { Liveness } from './liveness.js';

describe('the liveness of a connection', () => {
  let ws: EventEmitter & { readyState: number; ping: () => void };
  let pings: number;
  let liveness: Liveness;
  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000 });
    pings = 0;
    ws = Object.assign(new EventEmitter(), { readyState: WebSocket.OPEN, ping: () => void (pings += 1) });
    liveness = new Liveness(ws as unknown as WebSocket);
  });
  afterEach(() => void jest.useRealTimers());

  it('is there at first, and then for each message or pong since it was asked', () => {
    const answers = [liveness.wasAlive(), liveness.wasAlive()];
    ws.emit('message');
    answers.push(liveness.wasAlive());
    ws.emit('pong');
    answers.push(liveness.wasAlive(), liveness.wasAlive());
    expect(answers).toEqual([true, false, true, true, false]);
  });

  it('has heard what was written before the ping that is answered', () => {
    expect(liveness.heardUpTo).toBe(0);
    liveness.ping();
    jest.advanceTimersByTime(300);
    ws.emit('message');
    expect(liveness.heardUpTo).toBe(0);
    ws.emit('pong');
    expect(liveness.heardUpTo).toBe(1_000);
  });

  it('is not asked for once the connection closes', () => {
    ws.readyState = WebSocket.CLOSING;
    liveness.ping();
    expect(pings).toBe(0);
  });
});
