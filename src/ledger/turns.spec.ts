import { describe, expect, it } from '@jest/globals';
import { turnsWhile, work } from '../../test/support/loop.js';
import { LARGE, turn, turnBySize } from './turns.js';

async function walk(pages: number, pageMs: number): Promise<void> {
  for (let page = 0; page < pages; page += 1) {
    await turn();
    work(pageMs);
  }
}

describe('a walk over pages', () => {
  it('lets the loop turn some times before each page that comes after its slice', async () => {
    expect(await turnsWhile(walk(10, 11))).toBeGreaterThanOrEqual(9 * 8);
  });

  it('goes on in one turn while its slice lasts', async () => {
    expect(await turnsWhile(walk(200, 0.01))).toBeLessThan(100);
  });

  it('shares its slices with all others: one of them goes on in each', async () => {
    // what begins while a slice lasts has its first page in it
    expect(await turnsWhile(Promise.all(Array.from({ length: 10 }, () => walk(3, 11))))).toBeGreaterThanOrEqual(18 * 8);
  });
});

describe('work on rows of any size', () => {
  it('takes a turn after much of them, and none for what is small', async () => {
    const before = turnBySize();
    expect([1, LARGE - 2].map(before)).toEqual([undefined, undefined]);
    work(11);
    await turn();
    work(11);
    expect(before(1)).toBeInstanceOf(Promise);
    expect(before(LARGE - 1)).toBeUndefined();
  });
});
