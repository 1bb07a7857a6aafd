import { describe, expect, it } from '@jest/globals';
import { WATCH_MS, WatchBudget } from './watch-budget.js';

describe('how long checks may take', () => {
  it('is as long as any may, where few are given up', () => {
    const budget = new WatchBudget();
    for (let now = 0; now < 60_000; now += 1_000) {
      expect(budget.allowance(now)).toBe(WATCH_MS.most);
      budget.spend(WATCH_MS.most);
    }
  });

  it('comes to a tenth of the time where all are given up, and is as before when that is over', () => {
    const budget = new WatchBudget();
    let now = 0;
    let spent = 0;
    for (let n = 0; n < 10_000; n += 1) {
      const ms = budget.allowance(now);
      budget.spend(ms);
      spent += ms;
      // twenty each second
      now += Math.max(ms, 50);
    }
    expect(spent / now).toBeLessThan(0.12);
    expect(budget.allowance(now + 60_000)).toBe(WATCH_MS.most);
  });
});
