import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { inTime } from './in-time.js';

const never = new Promise<string>(() => undefined);

describe('waiting for a promise no longer than so long', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('gives what it comes to, or rejects with what it rejects with', async () => {
    expect(await inTime(Promise.resolve('there'), 1_000, () => 'late')).toBe('there');
    await expect(inTime(Promise.reject(new Error('no')), 1_000, () => 'late')).rejects.toThrow('no');
  });

  it('gives or throws what was meant for that when it takes longer, and not before', async () => {
    const late = jest.fn(() => 'late');
    const given = inTime(never, 1_000, late);
    await jest.advanceTimersByTimeAsync(999);
    expect(late).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(await given).toBe('late');

    const refused = expect(
      inTime(never, 1_000, () => {
        throw new Error('too late');
      }),
    ).rejects.toThrow('too late');
    await jest.advanceTimersByTimeAsync(1_000);
    await refused;
  });

  it('lets nobody hear of what fails when nobody waits any more', async () => {
    let fail = (_: Error): void => undefined;
    const given = inTime(new Promise<string>((_, reject) => (fail = reject)), 1_000, () => 'late');
    await jest.advanceTimersByTimeAsync(1_000);
    fail(new Error('too late to be told'));
    expect(await given).toBe('late');
  });
});
