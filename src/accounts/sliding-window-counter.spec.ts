import { describe, expect, it } from '@jest/globals';
import { SlidingWindowCounter } from './sliding-window-counter.js';

describe('failures', () => {
  it('are forgotten, the oldest first, when there are too many names', () => {
    const failures = new SlidingWindowCounter(1, 1_000, 3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) failures.add(key, 0);
    expect(['a', 'b', 'c', 'd'].map((key) => failures.waitMs(key, 0))).toEqual([1_000, 0, 1_000, 1_000]);
  });

  it('may be taken back, once each', () => {
    const failures = new SlidingWindowCounter(2, 1_000);
    failures.add('a', 0);
    failures.add('a', 1);
    failures.retract('a', 0);
    failures.retract('a', 0);
    expect(failures.waitMs('a', 1)).toBe(0);
    failures.add('a', 2);
    expect(failures.waitMs('a', 2)).toBe(999);
  });
});
