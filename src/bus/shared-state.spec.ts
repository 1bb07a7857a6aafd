import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JsonValue } from '../protocol/index.js';
import { SharedState, type StateChange } from './shared-state.js';

describe('what a node tells of itself', () => {
  let sent: StateChange[];
  let one: SharedState;
  let other: SharedState;
  /** What others have been told, in order. */
  let heard: [string, JsonValue][];
  let requests: string[];
  beforeEach(() => {
    jest.useFakeTimers();
    [sent, heard, requests] = [[], [], []];
    one = new SharedState();
    one.use({ maxBytes: 1_000, tell: (change) => sent.push(change), request: () => undefined });
    other = new SharedState();
    other.use({ maxBytes: 1_000, tell: () => undefined, request: (node) => requests.push(node) });
    other.onChange((_node, key, value) => heard.push([key, value]));
  });
  afterEach(() => {
    one.stop();
    other.stop();
    jest.useRealTimers();
  });

  /** Has the other hear what was sent, but for what is lost. */
  const deliver = (isLost: (index: number) => boolean = () => false): void => {
    jest.advanceTimersByTime(1_000);
    sent.splice(0).forEach((change, index) => {
      if (!isLost(index)) other.heard('one', change);
    });
  };
  const seen = (...keys: string[]): JsonValue[] => keys.map((key) => [...other.valuesOf(key)][0] ?? null);

  it('is the newest of each key, told at a tick', () => {
    for (let n = 1; n <= 100; n += 1) one.set('a', n);
    one.set('b', 'x');
    deliver();
    expect(heard).toEqual([
      ['a', 100],
      ['b', 'x'],
    ]);
    one.set('b', null);
    one.set('never', null);
    deliver();
    expect(heard.slice(2)).toEqual([['b', null]]);
  });

  it('takes as many messages as it needs, and leaves out what no message can take', () => {
    for (let n = 0; n < 10; n += 1) one.set(`k${n}`, 'v'.repeat(300));
    one.set('long', 'v'.repeat(2_000));
    jest.advanceTimersByTime(1_000);
    expect(sent.every((change) => JSON.stringify(change).length <= 1_000)).toBe(true);
    deliver();
    expect(heard.map(([key]) => key)).toEqual(Array.from({ length: 10 }, (_, n) => `k${n}`));
  });

  it('is asked for again where something was lost, and nothing of it flickers', () => {
    for (const key of ['a', 'b', 'c']) one.set(key, 'v'.repeat(300));
    deliver();
    one.set('a', 1);
    deliver(() => true);
    one.set('d', 2);
    one.set('b', null);
    deliver();
    expect(seen('a', 'd')).toEqual(['v'.repeat(300), null]);
    other.alive('one', one.revision);
    expect(requests).toEqual(['one']);
    heard = [];
    one.tellWhole();
    expect(sent.map(({ whole }) => whole)).toEqual(['both']);
    deliver();
    expect(seen('a', 'b', 'd')).toEqual([1, null, 2]);
    expect(heard.filter(([key]) => key === 'c')).toEqual([]);
    other.alive('one', one.revision);
    expect(requests).toEqual(['one']);
  });

  it('is asked for, and told as a whole, once a second at the most', () => {
    one.set('a', 1);
    deliver(() => true);
    for (let n = 0; n < 100; n += 1) other.alive('one', n + 1);
    expect(requests).toHaveLength(1);
    for (let n = 0; n < 100; n += 1) one.tellWhole();
    expect(sent).toHaveLength(1);
    jest.advanceTimersByTime(1_000);
    other.alive('one', 1_000);
    one.tellWhole();
    expect([requests.length, sent.length]).toEqual([2, 2]);
  });

  it('goes with the node', () => {
    one.set('a', 1);
    one.set('b', 2);
    deliver();
    expect(other.bytes).toBeGreaterThan(0);
    other.forget('one');
    expect(seen('a', 'b')).toEqual([null, null]);
    expect(heard.slice(2)).toEqual([
      ['a', null],
      ['b', null],
    ]);
    expect(other.bytes).toBe(0);
  });
});
