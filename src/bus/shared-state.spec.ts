import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JsonValue } from '../protocol/index.js';
import { SharedState } from './shared-state.js';
import type { StateChange } from './state-changes.js';

describe('what a node tells of itself', () => {
  let sent: StateChange[];
  let one: SharedState;
  let other: SharedState;
  /** What others have been told, in order. */
  let heard: [string, JsonValue][];
  let requests: string[];
  let hasRoom: boolean;
  beforeEach(() => {
    jest.useFakeTimers();
    [sent, heard, requests] = [[], [], []];
    hasRoom = true;
    one = new SharedState(() => true);
    one.own.use({
      maxBytes: 1_000,
      tell: (change) => Promise.resolve(void sent.push(change)),
    });
    other = new SharedState(() => hasRoom);
    other.onChange((_node, key, value) => heard.push([key, value]));
  });
  afterEach(() => {
    one.own.stop();
    other.own.stop();
    jest.useRealTimers();
  });

  /** Has the other hear what was sent, but for what is lost. */
  const deliver = async (isLost: (index: number) => boolean = () => false): Promise<void> => {
    await jest.advanceTimersByTimeAsync(1_000);
    sent.splice(0).forEach((change, index) => {
      if (!isLost(index)) other.others.heard('one', change);
    });
  };
  const alive = (revision: number): void => {
    if (other.others.alive('one', revision)) requests.push('one');
  };
  const seen = (...keys: string[]): JsonValue[] => keys.map((key) => [...other.valuesOf(key)][0] ?? null);

  it('is the newest of each key, told at a tick', async () => {
    for (let n = 1; n <= 100; n += 1) one.set('a', n);
    one.set('b', 'x');
    await deliver();
    expect(heard).toEqual([
      ['a', 100],
      ['b', 'x'],
    ]);
    one.set('b', null);
    one.set('never', null);
    await deliver();
    expect(heard.slice(2)).toEqual([['b', null]]);
  });

  it('takes as many messages as it needs, and leaves out what no message can take', async () => {
    for (let n = 0; n < 10; n += 1) one.set(`k${n}`, 'v'.repeat(300));
    one.set('long', 'v'.repeat(2_000));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent.every((change) => JSON.stringify(change).length <= 1_000)).toBe(true);
    await deliver();
    expect(heard.map(([key]) => key)).toEqual(Array.from({ length: 10 }, (_, n) => `k${n}`));
  });

  it('shows nothing of a key whose value has become too long, rather than what it was', async () => {
    one.set('a', 'short');
    await deliver();
    one.set('a', 'v'.repeat(2_000));
    await deliver();
    expect(seen('a')).toEqual([null]);
  });

  it('shows what is true when all of it has been told, however that was interrupted', async () => {
    for (let n = 0; n < 50; n += 1) one.set(`k${n}`, 'v'.repeat(300));
    await deliver(() => true);
    one.own.tellWhole();
    // after the first part
    one.set('k49', 'newer');
    one.set('k48', null);
    one.set('k0', 'newer');
    await deliver();
    expect(seen('k0', 'k1', 'k48', 'k49')).toEqual(['newer', 'v'.repeat(300), null, 'newer']);
    alive(one.own.revision);
    expect(requests).toEqual([]);
  });

  it('is forgotten where there is no memory for it, and seen again when there is', async () => {
    one.set('a', 1);
    await deliver();
    hasRoom = false;
    one.set('a', 2);
    one.set('b', 3);
    await deliver();
    expect(seen('a', 'b')).toEqual([null, null]);
    hasRoom = true;
    one.own.tellWhole();
    await deliver();
    expect(seen('a', 'b')).toEqual([2, 3]);
  });

  it('is asked for again where something was lost, and nothing of it flickers', async () => {
    for (const key of ['a', 'b', 'c']) one.set(key, 'v'.repeat(300));
    await deliver();
    one.set('a', 1);
    await deliver(() => true);
    one.set('d', 2);
    one.set('b', null);
    await deliver();
    expect(seen('a', 'd')).toEqual(['v'.repeat(300), null]);
    alive(one.own.revision);
    expect(requests).toEqual(['one']);
    heard = [];
    one.own.tellWhole();
    expect(sent.map(({ whole }) => whole)).toEqual(['both']);
    await deliver();
    expect(seen('a', 'b', 'd')).toEqual([1, null, 2]);
    expect(heard.filter(([key]) => key === 'c')).toEqual([]);
    alive(one.own.revision);
    expect(requests).toEqual(['one']);
  });

  it('is asked for, and told as a whole, once a second at the most', async () => {
    one.set('a', 1);
    await deliver(() => true);
    for (let n = 0; n < 100; n += 1) alive(n + 1);
    expect(requests).toHaveLength(1);
    for (let n = 0; n < 100; n += 1) one.own.tellWhole();
    expect(sent).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1_000);
    alive(1_000);
    one.own.tellWhole();
    expect([requests.length, sent.length]).toEqual([2, 2]);
  });

  it('goes with the node', async () => {
    one.set('a', 1);
    one.set('b', 2);
    await deliver();
    expect(other.bytes).toBeGreaterThan(0);
    other.others.forget('one');
    expect(seen('a', 'b')).toEqual([null, null]);
    expect(heard.slice(2)).toEqual([
      ['a', null],
      ['b', null],
    ]);
    expect(other.bytes).toBe(0);
  });

  it('is asked for again where the telling of all of it was cut short', async () => {
    for (let n = 0; n < 10; n += 1) one.set(`k${n}`, 'v'.repeat(300));
    await deliver();
    one.set('k9', null);
    await deliver(() => true);
    const tell = (change: StateChange): Promise<void> => {
      sent.push(change);
      // broken after the first part
      one.own.use(undefined);
      return Promise.resolve();
    };
    one.own.use({ maxBytes: 1_000, tell });
    one.own.tellWhole();
    await deliver();
    alive(one.own.revision);
    expect(requests).toEqual(['one']);
  });
});
