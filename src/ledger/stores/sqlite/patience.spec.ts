import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Patience } from './patience.js';

describe('patience with a lock', () => {
  let now = 0;
  let tries = 0;
  beforeEach(() => {
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    tries = 0;
  });
  afterEach(() => void jest.restoreAllMocks());

  /** Meets a lock so many times; each try takes three seconds. */
  const lockedFor = (times: number) => (): string => {
    tries += 1;
    now += 3_000;
    if (tries <= times) throw Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' });
    return 'done';
  };

  it('is shared: once it is at an end each tries once', async () => {
    const patience = new Patience(5_000);
    await expect(patience.run(lockedFor(10))).rejects.toThrow('locked');
    expect(tries).toBe(3);
    await expect(patience.run(lockedFor(10))).rejects.toThrow('locked');
    expect(tries).toBe(4);
  });

  it('begins anew with the lock that is met a long time later', async () => {
    const patience = new Patience(5_000);
    await expect(patience.run(lockedFor(10))).rejects.toThrow('locked');
    now += 60_000;
    tries = 0;
    expect(await patience.run(lockedFor(1))).toBe('done');
  });
});

describe('the turn of those who share patience', () => {
  const late = (): Error => new Error('late');

  it('goes round, and all work has one', async () => {
    const patience = new Patience();
    const order: string[] = [];
    const note = (name: string) => patience.run(() => void order.push(name));
    const first = await patience.hold('t', 60_000, late);
    const waiting = [note('a'), note('b')];
    const second = patience.hold('t', 60_000, late).then((release) => (order.push('held'), release));
    const last = note('c');
    expect(order).toEqual([]);
    first();
    const release = await second;
    await Promise.all(waiting);
    expect([order, patience.isHeld]).toEqual([['a', 'b', 'c', 'held'], true]);
    const behind = note('d');
    release();
    await Promise.all([last, behind]);
    expect([order, patience.isHeld]).toEqual([['a', 'b', 'c', 'held', 'd'], false]);
  });

  it('goes round among those who hold it, however many one of them waits for', async () => {
    const patience = new Patience();
    const order: string[] = [];
    const held = async (scope: string): Promise<void> => {
      const release = await patience.hold(scope, 60_000, late);
      order.push(scope);
      release();
    };
    const release = await patience.hold('greedy', 60_000, late);
    const all = [held('greedy'), held('greedy'), held('greedy'), held('one'), held('one'), held('two')];
    all.push(patience.run(() => void order.push('work')));
    release();
    await Promise.all(all);
    expect(order).toEqual(['greedy', 'one', 'two', 'work', 'greedy', 'one', 'greedy']);
  });

  it('is waited for no longer than was said', async () => {
    const patience = new Patience();
    const release = await patience.hold('t', 60_000, late);
    await expect(patience.hold('t', 1, late)).rejects.toThrow('late');
    const behind = patience.run(() => 'done');
    release();
    expect(await behind).toBe('done');
  });
});
