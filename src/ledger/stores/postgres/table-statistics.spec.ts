import { describe, expect, it } from '@jest/globals';
import { TableStatistics } from './table-statistics.js';

describe('the statistics of tables', () => {
  it('are made anew when they have grown by ten times as much each time', () => {
    let analyses = 0;
    const statistics = new TableStatistics(() => Promise.resolve((analyses += 1)));
    const after = (count: number): number => {
      statistics.grown(count);
      return analyses;
    };
    expect([after(999), after(1), after(8_999), after(1), after(0)]).toEqual([0, 1, 1, 2, 2]);
  });

  it('are waited for to the end, whether or not they can be made', async () => {
    let fail = (_: Error): void => undefined;
    const statistics = new TableStatistics(() => new Promise((_, reject) => (fail = reject)));
    await expect(statistics.done()).resolves.toBeUndefined();

    statistics.grown(1_000);
    let isDone = false;
    const done = statistics.done().then(() => (isDone = true));
    await Promise.resolve();
    expect(isDone).toBe(false);

    fail(new Error('no connection'));
    await done;
    expect(isDone).toBe(true);
  });
});
