import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Scrubber } from './scrubber.js';

const MINUTE = 60_000;

describe('the scrubber', () => {
  let runs: number;
  let finish: () => void;
  let scrubber: Scrubber;
  const errors: unknown[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    runs = 0;
    const scrub = (): Promise<void> => {
      runs += 1;
      return new Promise((resolve) => (finish = resolve));
    };
    scrubber = new Scrubber({ scrub }, (error) => errors.push(error));
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  async function finished(): Promise<void> {
    finish();
    await jest.advanceTimersByTimeAsync(0);
  }

  it('runs soon for the first erasure, once for all in the same turn', async () => {
    for (let n = 0; n < 10; n += 1) scrubber.scrub();
    expect(runs).toBe(0);
    await jest.advanceTimersByTimeAsync(0);
    expect(runs).toBe(1);
  });

  it('runs once a minute, however many erasures there are, and forgets none', async () => {
    scrubber.scrub();
    await jest.advanceTimersByTimeAsync(0);
    scrubber.scrub(); // while it runs
    await finished();
    for (let n = 0; n < 100; n += 1) scrubber.scrub();
    await jest.advanceTimersByTimeAsync(MINUTE - 10);
    expect(runs).toBe(1);
    await jest.advanceTimersByTimeAsync(10);
    expect(runs).toBe(2);
    await finished();
    await jest.advanceTimersByTimeAsync(10 * MINUTE);
    expect(runs).toBe(2);
  });

  it('runs what waits at once when the server goes down', async () => {
    scrubber.scrub();
    await jest.advanceTimersByTimeAsync(0);
    scrubber.scrub();
    const done = scrubber.done();
    await finished();
    expect(runs).toBe(2);
    await finished();
    await done;
    await scrubber.done();
    expect(runs).toBe(2);
  });

  it('says what went wrong, and runs again for the next', async () => {
    const broken = new Scrubber({ scrub: () => Promise.reject(new Error('no disk')) }, (error) => errors.push(error));
    broken.scrub();
    await broken.done();
    broken.scrub();
    await broken.done();
    expect(errors).toHaveLength(2);
  });
});
