import { describe, expect, it } from '@jest/globals';
import { turn } from './turns.js';

/** Keeps the loop busy, as a query of SQLite does. */
function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

async function walk(pages: number, pageMs: number): Promise<void> {
  for (let page = 0; page < pages; page += 1) {
    await turn();
    work(pageMs);
  }
}

/** How often the event loop turned while something ran. */
async function turnsWhile(running: Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false];
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await running.finally(() => (isOver = true));
  return turns;
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
