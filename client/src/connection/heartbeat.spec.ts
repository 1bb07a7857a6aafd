import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHeartbeat, type Heartbeat } from './heartbeat.js';

let diary: string[];
let heartbeat: Heartbeat;

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  diary = [];
  const note = (what: string) => () => void diary.push(`${Date.now() / 1_000} ${what}`);
  heartbeat = createHeartbeat({ heartbeatMs: 30_000, answerMs: 10_000 }, note('ping'), note('lost'));
});

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('Heartbeat', () => {
  it('pings again 30 s after each answer', () => {
    heartbeat.start();
    jest.advanceTimersByTime(32_000);
    heartbeat.heard();
    jest.advanceTimersByTime(31_000);
    heartbeat.stop();

    expect(diary).toEqual(['30 ping', '62 ping']);
  });

  it('tells the loss once when nothing comes in time', () => {
    heartbeat.start();
    jest.advanceTimersByTime(100_000);

    expect(diary).toEqual(['30 ping', '40 lost']);
  });

  it('asks at once when probed, and once only', () => {
    heartbeat.start();
    heartbeat.probe();
    heartbeat.probe();
    jest.advanceTimersByTime(10_000);

    expect(diary).toEqual(['0 ping', '10 lost']);
  });

  it('is silent once it was stopped, whatever is heard then', () => {
    heartbeat.start();
    heartbeat.probe();
    heartbeat.stop();
    heartbeat.heard();
    jest.advanceTimersByTime(100_000);

    expect(diary).toEqual(['0 ping']);
  });

  it('may be stopped twice', () => {
    heartbeat.start();
    heartbeat.stop();
    heartbeat.stop();
    jest.advanceTimersByTime(100_000);

    expect(diary).toEqual([]);
  });
});
