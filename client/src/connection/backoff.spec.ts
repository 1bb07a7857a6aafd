import { describe, expect, it } from '@jest/globals';
import { backoffMs, type Backoff } from './backoff.js';

const RULES: Backoff = { firstMs: 1_000, maxMs: 30_000, attempts: 10 };

describe('backoffMs', () => {
  it('doubles the bound up to the largest', () => {
    const bounds = [0, 1, 2, 3, 4, 5, 60].map((attempt) => backoffMs(attempt, RULES, 1));
    expect(bounds).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('spreads clients over the whole delay', () => {
    expect([0, 0.25, 0.5].map((chance) => backoffMs(2, RULES, chance))).toEqual([0, 1_000, 2_000]);
  });

  it('waits at least as long as the server asks, and not all for the same time', () => {
    expect([0, 0.5].map((chance) => backoffMs(0, RULES, chance, 5_000))).toEqual([5_000, 5_500]);
  });

  it.each([
    [2 ** 31, 3_600_000],
    [Infinity, 3_600_000],
    ['1e12', 3_600_000],
    [-5, 0],
    [NaN, 0],
    [undefined, 0],
    ['soon', 0],
    [{}, 0],
  ])('makes of %p, which a faulty server asks for, %d ms', (asked, floor) => {
    expect(backoffMs(0, RULES, 0, asked)).toBe(floor);
  });
});
