import { describe, expect, it } from '@jest/globals';
import { ReadSlots } from './read-slots.js';

describe('slots for reading', () => {
  /** Reads that answer when the loop turns next, and how many of each principal were under way at once. */
  async function readAll(slots: ReadSlots, names: readonly string[]): Promise<{ order: string[]; most: number }> {
    const running = new Map<string, number>();
    let most = 0;
    const order: string[] = [];
    const read = async (name: string): Promise<void> => {
      running.set(name, (running.get(name) ?? 0) + 1);
      most = Math.max(most, running.get(name)!);
      order.push(name);
      await new Promise(setImmediate);
      running.set(name, running.get(name)! - 1);
    };
    await Promise.all(names.map((name) => slots.use(name, () => read(name))));
    return { order, most };
  }

  it('let a principal read a few pages at once, however many it asks for', async () => {
    const { order, most } = await readAll(new ReadSlots(), Array<string>(100).fill('ann'));
    expect([order.length, most]).toEqual([100, 4]);
  });

  it('let others pass a principal that asks for many', async () => {
    const { order } = await readAll(new ReadSlots(), [...Array<string>(100).fill('ann'), 'bob']);
    expect(order.indexOf('bob')).toBeLessThan(8);
  });

  it('let the loop turn between what is answered at once', async () => {
    let [turns, isOver] = [0, false];
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const slots = new ReadSlots();
    await Promise.all(Array.from({ length: 40 }, () => slots.use('ann', () => Promise.resolve())));
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('are given back by what fails', async () => {
    const slots = new ReadSlots();
    const failing = Array.from({ length: 10 }, () => slots.use('ann', () => Promise.reject(new Error('no database'))));
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
    expect(await slots.use('ann', () => Promise.resolve('read'))).toBe('read');
  });
});
