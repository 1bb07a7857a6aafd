import { describe, expect, it } from '@jest/globals';
import { committed } from '../../test/support/ledger/committed.js';
import { OPEN_RULES } from '../protocol/index.js';
import { Batch } from './batch.js';
import { Entry } from './entry.js';
import { PageCache } from './page-cache.js';
import { RangeView } from './view.js';

const page = (seq: number): Batch => new Batch([new Entry(committed(seq), false, OPEN_RULES)], seq, `h${seq}`);
const [ONE, OTHER] = [{}, {}];

/** How many of the first `count` pages of an owner are there. */
const kept = (cache: PageCache, owner: object, count: number): number =>
  Array.from({ length: count }, (_, key) => cache.get(owner, key)).filter(Boolean).length;

describe('the pages in memory', () => {
  it('are found by owner and place, and replaced', () => {
    const cache = new PageCache(1e6);
    const [first, second] = [page(1), page(1)];
    cache.put(ONE, 0, first);
    expect(cache.get(ONE, 0)).toBe(first);
    expect(cache.get(ONE, 1)).toBeUndefined();
    expect(cache.get(OTHER, 0)).toBeUndefined();
    cache.put(ONE, 0, second);
    expect(cache.get(ONE, 0)).toBe(second);
  });

  it('are bounded in bytes, whoever owns them', () => {
    const cache = new PageCache(20 * (page(1).size + 1_024));
    for (let key = 0; key < 100; key += 1) cache.put(key % 2 ? ONE : OTHER, key, page(key + 1));
    expect(kept(cache, ONE, 100) + kept(cache, OTHER, 100)).toBe(20);
  });

  it('are counted with the frames made of them', () => {
    const cache = new PageCache(20 * (page(1).size + 1_024));
    for (let key = 0; key < 20; key += 1) cache.put(ONE, key, page(key + 1));
    const view = new RangeView({});
    for (let key = 0; key < 20; key += 1) {
      const batch = cache.get(ONE, key);
      if (batch) view.encode(batch, key);
    }
    expect(kept(cache, ONE, 20)).toBeLessThan(20);
    expect(kept(cache, ONE, 20)).toBeGreaterThan(5);
  });

  it('are kept from the second time on that they are offered, each place by itself', () => {
    const cache = new PageCache(1e6);
    const [first, second] = [page(1), page(1)];
    cache.offer(ONE, 0, first);
    cache.offer(ONE, 1, page(2));
    cache.offer(OTHER, 0, page(1));
    expect(cache.get(ONE, 0)).toBeUndefined();
    cache.offer(ONE, 0, second);
    expect(cache.get(ONE, 0)).toBe(second);
    expect([cache.get(ONE, 1), cache.get(OTHER, 0)]).toEqual([undefined, undefined]);
  });

  it('go when their owner lets go of them, and leave room', () => {
    const cache = new PageCache(20 * (page(1).size + 1_024));
    for (const owner of [ONE, OTHER]) for (let key = 0; key < 10; key += 1) cache.put(owner, key, page(key + 1));
    cache.drop(ONE);
    expect([kept(cache, ONE, 10), kept(cache, OTHER, 10)]).toEqual([0, 10]);
    for (let key = 10; key < 20; key += 1) cache.put(OTHER, key, page(key + 1));
    expect(kept(cache, OTHER, 20)).toBe(20);
  });

  it('stay in part for readers that follow each other through more than there is room for', () => {
    const cache = new PageCache(80 * (page(1).size + 1_024));
    let found = 0;
    for (let n = 0; n < 1_000; n += 1) {
      if (cache.get(ONE, n % 100)) found += 1;
      else cache.put(ONE, n % 100, page(1));
    }
    expect(found).toBeGreaterThan(300);
  });
});
