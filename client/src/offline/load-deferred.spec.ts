import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { loadDeferred } from './load-deferred.js';

beforeEach(() => void jest.useFakeTimers({ now: 0 }));
afterEach(() => void jest.useRealTimers());

it('asks for what did not come until it comes, tells of each time, and waits longer and longer', async () => {
  const asked: number[] = [];
  const told: [string, number][] = [];
  const { deferred } = loadDeferred(
    ({ message }, nextAttemptAt) => told.push([message, nextAttemptAt]),
    () => {
      asked.push(Date.now());
      return asked.length < 4 ? Promise.reject(new Error('no network')) : import('./deferred.js');
    },
  );
  for (let attempt = 0; attempt < 3; attempt += 1) await jest.advanceTimersByTimeAsync(60_000);
  expect(await deferred).toBe(await import('./deferred.js'));
  expect(told).toEqual(asked.slice(1).map((nextAttemptAt) => ['no network', nextAttemptAt]));
  const waits = asked.slice(1).map((at, i) => at - asked[i]!);
  waits.forEach((wait, i) => {
    expect(wait).toBeGreaterThanOrEqual(1_000 * 2 ** i);
    expect(wait).toBeLessThanOrEqual(2_000 * 2 ** i);
  });
});

it('asks no more once it was stopped', async () => {
  const load = jest.fn(() => Promise.reject(new Error('no network')));
  const failed = jest.fn();
  const { stop } = loadDeferred(failed, load);
  await jest.advanceTimersByTimeAsync(0);
  stop();
  await jest.advanceTimersByTimeAsync(120_000);
  expect(load).toHaveBeenCalledTimes(1);
  expect(failed).toHaveBeenCalledTimes(1);
});
