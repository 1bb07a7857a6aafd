import { describe, expect, it } from '@jest/globals';
import { bytesIn, createKept } from '../../client/console/src/data/kept.js';
import { createRate } from '../../client/console/src/data/rate.js';

const text = (length: number, letter = 'x'): string => letter.repeat(length);

describe('what the stream of the console keeps', () => {
  it('is bounded by count and by bytes, the latest first', () => {
    const kept = createKept<string>({ count: 3, bytes: 100, bytesOf: ({ length }) => length });
    ['a', 'b', 'c', 'd'].forEach(kept.add);
    expect(kept.latest()).toEqual(['d', 'c', 'b']);
    kept.add(text(99, 'e'));
    expect(kept.latest()).toEqual([text(99, 'e'), 'd']);
    kept.add(text(200, 'f'));
    expect(kept.latest()).toEqual([text(200, 'f')]);
    kept.add('g');
    expect(kept.latest()).toEqual(['g']);
  });

  it('takes in what was before, as far as there is room', () => {
    const kept = createKept<string>({ count: 3, bytes: 100, bytesOf: ({ length }) => length });
    kept.add('now');
    kept.addBefore(['just', 'earlier', 'once']);
    expect(kept.latest()).toEqual(['now', 'just', 'earlier']);
    kept.clear();
    expect(kept.latest()).toEqual([]);
  });

  it('knows what an atome takes, within a third of its JSON in memory', () => {
    const data = { title: text(10_000), list: Array.from({ length: 100 }, (_, at) => ({ at, note: text(50) })) };
    const json = 2 * JSON.stringify(data).length;
    expect(bytesIn({ seq: 1, atome: { data } }) / json).toBeGreaterThan(0.9);
    expect(bytesIn({ seq: 1, atome: { data } }) / json).toBeLessThan(1.4);
  });
});

describe('the rate of the stream', () => {
  it('holds a number a second, for a minute', () => {
    let now = 1_000_000;
    const rate = createRate(() => now);
    [10, 20, 30].forEach(rate.count);
    now += 1_000;
    rate.count(5);
    expect(rate.seconds().slice(-2)).toEqual([
      { count: 3, latencyMs: 20 },
      { count: 1, latencyMs: 5 },
    ]);
    now += 59_000;
    expect(rate.seconds()[0]).toEqual({ count: 1, latencyMs: 5 });
    now += 1_000;
    expect(rate.seconds().every(({ latencyMs }) => latencyMs === null)).toBe(true);
  });
});
