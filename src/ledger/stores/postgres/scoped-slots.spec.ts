import { describe, expect, it, jest } from '@jest/globals';
import { ScopedSlots } from './scoped-slots.js';

const late = (): Error => new Error('too late');

describe('slots', () => {
  it('are never all of one scope, so that another gets one at once', async () => {
    const slots = new ScopedSlots(3, 1_000, late);
    const order: string[] = [];
    const greedy = [1, 2, 3, 4].map((n) => slots.acquire('greedy').then(() => order.push(`greedy ${n}`)));
    await slots.acquire('modest').then(() => order.push('modest'));
    expect(order).toEqual(['greedy 1', 'greedy 2', 'modest']);
    for (let n = 0; n < 4; n += 1) slots.release('greedy');
    await Promise.all(greedy);
    expect(order).toHaveLength(5);
  });

  it('go round among those who wait, however many wait for one scope', async () => {
    const slots = new ScopedSlots(2, 1_000, late);
    const order: string[] = [];
    const ask = (scope: string): Promise<unknown> => slots.acquire(scope).then(() => order.push(scope));
    await ask('a');
    await ask('b');
    const waiting = ['a', 'a', 'a', 'b', 'c'].map(ask);
    order.length = 0;
    slots.release('a');
    slots.release('b');
    await new Promise(setImmediate);
    expect(order).toEqual(['a', 'b']);
    for (const scope of ['a', 'b', 'c', 'a']) {
      slots.release(scope);
      await new Promise(setImmediate);
    }
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a']);
  });

  it('are waited for no longer than is allowed, and whoever gave up holds none', async () => {
    jest.useFakeTimers();
    const slots = new ScopedSlots(1, 1_000, late);
    await slots.acquire('a');
    const waiting = slots.acquire('b');
    const refused = expect(waiting).rejects.toThrow('too late');
    jest.advanceTimersByTime(1_000);
    await refused;
    jest.useRealTimers();
    slots.release('a');
    await slots.acquire('c');
    slots.release('c');
    await slots.acquire('a');
  });

  it('are had at once or not at all by who does not wait', async () => {
    const slots = new ScopedSlots(2, 1_000, late);
    expect([slots.acquireNow('a'), slots.acquireNow('a'), slots.acquireNow('b')]).toEqual([true, false, true]);
    const waiting = slots.acquire('c');
    expect(slots.acquireNow('d')).toBe(false);
    slots.release('a');
    await waiting;
    expect(slots.waitingCount).toBe(0);
  });
});
