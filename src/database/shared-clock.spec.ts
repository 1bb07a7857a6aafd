import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SharedClock } from './shared-clock.js';

const NOON = Date.parse('2026-06-01T12:00:00Z');

describe('the clock of a database', () => {
  /** How far the database is ahead, and how long it takes to be asked and to answer, in milliseconds. */
  let database: { ahead: number; there: number; back: number };
  let said: string[];
  let clock: SharedClock;
  beforeEach(() => {
    jest.useFakeTimers({ now: NOON });
    database = { ahead: 0, there: 0, back: 0 };
    said = [];
    const ask = (): Promise<number> => {
      jest.advanceTimersByTime(database.there);
      const told = Date.now() + database.ahead;
      jest.advanceTimersByTime(database.back);
      return Promise.resolve(told);
    };
    clock = new SharedClock(ask, (line) => said.push(line));
  });
  afterEach(() => {
    clock.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const error = (): number => Math.abs(clock.now() - (Date.now() + database.ahead));

  it('is that of this machine as long as that may be right, however long an answer takes', async () => {
    database = { ahead: 0, there: 10, back: 4_000 };
    await clock.start();
    database = { ahead: 0, there: 4_000, back: 10 };
    await clock.measure();
    expect([error(), said]).toEqual([0, []]);
  });

  it('is as near as the quickest answer tells, and keeps to that', async () => {
    database = { ahead: -300_000, there: 900, back: 100 };
    await clock.start();
    expect(error()).toBeLessThanOrEqual(1_000);
    database = { ahead: -300_000, there: 2, back: 1 };
    await clock.measure();
    expect(error()).toBeLessThanOrEqual(3);
    database = { ahead: -300_000, there: 0, back: 4_000 };
    await clock.measure();
    expect(error()).toBeLessThanOrEqual(3);
  });

  it('says which of the two is behind, as long as they are apart', async () => {
    database.ahead = 300_000;
    await clock.start();
    database.ahead = -7_000;
    await clock.measure();
    database.ahead = 500;
    await clock.measure();
    expect(said).toEqual([
      expect.stringContaining('this machine is 300 s behind that of the database'),
      expect.stringContaining('this machine is 7 s ahead of that of the database'),
    ]);
    expect(error()).toBe(0);
  });

  it('is asked again and again, and goes on as it was while there is no answer', async () => {
    let isThere = false;
    const ask = (): Promise<number> =>
      isThere ? Promise.resolve(Date.now() + 60_000) : Promise.reject(new Error('gone'));
    clock = new SharedClock(ask, (line) => said.push(line));
    await clock.start();
    expect(clock.now()).toBe(Date.now());
    isThere = true;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(clock.now()).toBe(Date.now() + 60_000);
    isThere = false;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(clock.now()).toBe(Date.now() + 60_000);
  });
});
