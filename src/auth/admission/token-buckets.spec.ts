import { describe, expect, it } from '@jest/globals';
import { TokenBuckets } from './token-buckets.js';

describe('buckets of tokens by name', () => {
  const sizeOf = (buckets: TokenBuckets): number =>
    (buckets as unknown as { buckets: Map<string, unknown> }).buckets.size;

  it('allow each name the same, and remember what it has taken', () => {
    const buckets = new TokenBuckets(1, 2);
    for (const name of ['a', 'b']) expect(buckets.of(name, 0).take(0, 2)).toBe(0);
    expect(buckets.of('a', 0).waitFor(0, 1)).toBe(1_000);
  });

  it('are forgotten when they are full again, so that names cost nothing', () => {
    const buckets = new TokenBuckets(1, 1);
    for (let i = 0; i < 5_000; i += 1) buckets.of(`name-${i}`, i * 60_000).take(i * 60_000);
    expect(sizeOf(buckets)).toBeLessThan(1_100);
  });

  it('are kept of those who owe, however many they are', () => {
    const buckets = new TokenBuckets(1, 1);
    for (let i = 0; i < 5_000; i += 1) buckets.of(`name-${i}`, 0).take(0, 10);
    expect(sizeOf(buckets)).toBe(5_000);
    expect(buckets.of('name-0', 0).waitFor(0, 1)).toBe(10_000);
  });
});
