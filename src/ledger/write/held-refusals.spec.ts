import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AtomeError } from '../../protocol/index.js';
import { HELD_MS, HeldRefusals, TOLD_IN_TURN } from './held-refusals.js';

const REFUSAL = new AtomeError('unavailable', 'wait', { retryAfter: 1_000 });

describe('refusals that are held', () => {
  let refusals: HeldRefusals;
  let told: number;
  beforeEach(() => {
    jest.useFakeTimers();
    refusals = new HeldRefusals();
    told = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function hold(count: number): void {
    for (let n = 0; n < count; n += 1) refusals.told(REFUSAL).catch(() => (told += 1));
  }

  /** Counts what each turn of the event loop tells. */
  async function turns(): Promise<number[]> {
    const counts: number[] = [];
    for (let before = told; jest.getTimerCount() > 0; before = told) {
      await jest.advanceTimersByTimeAsync(1);
      counts.push(told - before);
    }
    return counts;
  }

  it('are told some in a turn, however many are due at once', async () => {
    hold(5 * TOLD_IN_TURN);
    await jest.advanceTimersByTimeAsync(HELD_MS - 1);
    expect(told).toBe(0);
    const counts = await turns();
    expect(Math.max(...counts)).toBeLessThanOrEqual(TOLD_IN_TURN + 1);
    expect(told).toBe(5 * TOLD_IN_TURN);
  });

  it('are told at the end, those that are due as well, and each once', async () => {
    hold(3 * TOLD_IN_TURN);
    await jest.advanceTimersByTimeAsync(HELD_MS);
    expect(told).toBeLessThan(3 * TOLD_IN_TURN);
    hold(1);
    refusals.end();
    await jest.advanceTimersByTimeAsync(2 * HELD_MS);
    expect(told).toBe(3 * TOLD_IN_TURN + 1);
    hold(1);
    await jest.advanceTimersByTimeAsync(0);
    expect(told).toBe(3 * TOLD_IN_TURN + 2);
  });
});
