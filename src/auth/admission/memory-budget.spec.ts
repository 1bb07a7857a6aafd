import { describe, expect, it } from '@jest/globals';
import { MemoryBudget, type MemoryHolder } from './memory-budget.js';

/** Holds bytes, and lets go of as many as it is asked for. */
class Spare implements MemoryHolder {
  readonly asked: number[] = [];

  constructor(
    readonly name: string,
    public bytes: number,
  ) {}

  shed(bytes: number): void {
    this.asked.push(bytes);
    this.bytes -= Math.min(this.bytes, bytes);
  }
}

describe('the memory budget', () => {
  it('asks nobody to let go of anything while there is room', () => {
    const [budget, spare] = [new MemoryBudget(1_600), new Spare('pages', 1_600)];
    budget.register(spare);
    expect(budget.hasRoom()).toBe(true);
    expect([budget.bytes, spare.asked]).toEqual([1_600, []]);
  });

  it('sheds in order, no more than must be by much, before it says that it is full', () => {
    const budget = new MemoryBudget(1_600);
    const [first, second] = [new Spare('rings', 200), new Spare('pages', 1_000)];
    const queue = { name: 'writes', bytes: 1_000 };
    [queue, first, second].forEach((holder) => budget.register(holder));
    expect(budget.hasRoom()).toBe(true);
    expect([first.bytes, second.bytes, budget.bytes]).toEqual([0, 500, 1_500]);
  });

  it('is full where what cannot be spared is too much', () => {
    const [budget, spare] = [new MemoryBudget(1_600), new Spare('pages', 100)];
    const queue = { name: 'writes', bytes: 1_601 };
    [queue, spare].forEach((holder) => budget.register(holder));
    expect(budget.hasRoom()).toBe(false);
    expect(spare.bytes).toBe(0);
    queue.bytes = 1_600;
    expect(budget.hasRoom()).toBe(true);
  });
});
