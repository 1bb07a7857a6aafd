import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { inTime } from './timer.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('inTime', () => {
  it('gives what a promise comes to, also where it fails, and leaves no timer', async () => {
    expect(await inTime(Promise.resolve('here'), 1_000)).toBe('here');
    await expect(inTime(Promise.reject(new Error('broken')), 1_000)).rejects.toThrow('broken');
    expect(await inTime(undefined, 1_000)).toBeUndefined();
    await Promise.resolve();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('waits no longer than it is told to', async () => {
    const late = inTime(new Promise(() => undefined), 1_000);
    jest.advanceTimersByTime(1_000);
    expect(await late).toBeUndefined();
  });
});
