import { describe, expect, it } from '@jest/globals';
import { turnsWhile, work } from '../../test/support/loop.js';
import { elapse } from './elapse.js';

describe('a wait', () => {
  it('lets the loop turn before what comes behind it, though others are always due', async () => {
    const rounds = 10;
    const loop = async (): Promise<void> => {
      for (let round = 0; round < rounds; round += 1) {
        await elapse(0.5);
        work(1.5);
      }
    };
    expect(await turnsWhile(Promise.all([1, 2, 3, 4, 5].map(loop)))).toBeGreaterThanOrEqual(rounds);
  });

  it('ends with its signal, before its time or behind it', async () => {
    const stop = new AbortController();
    const waits = [elapse(1e6, { signal: stop.signal }), elapse(0, { signal: stop.signal })];
    stop.abort();
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ name: 'AbortError' });
  });
});
