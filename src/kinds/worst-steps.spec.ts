import { describe, expect, it } from '@jest/globals';
import { worstSteps } from './worst-steps.js';

describe('the steps that a pattern may take', () => {
  it.each([
    '^[a-z]+$',
    '^\\d{4}-\\d{2}$',
    '^a\\+\\*$',
    '^[+*?|]{0,9}$',
    '^\\p{L}+$',
    '^abc',
    '^(?:abc)$',
    '^#?[0-9a-f]{6}$',
  ])('are as many as characters in %s', (pattern) => {
    expect(worstSteps(pattern)).toBeUndefined();
  });

  it.each<[string, number, number]>([
    ['a+$', 100, 100 ** 2 / 2],
    ['^a|b+$', 100, 100 ** 2 / 2],
    ['^a*a*$', 100, 100 ** 2 / 2],
    ['^a{0,9}a{0,9}$', 100, 100],
    ['^(a|a)$', 100, 2],
    ['^(a+)+$', 20, 2 ** 20],
    ['^(a|a|a)*$', 10, 3 ** 10],
    ['(a*)*b', 20, 20 * 2 ** 20],
    ['^(a+){9}$', 100, 100 ** 8],
    ['^(a*)\\1*$', 100, 100 ** 2 / 2],
  ])('are at least as many as ways to match in %s', (pattern, chars, ways) => {
    expect(worstSteps(pattern)!(chars)).toBeGreaterThanOrEqual(ways);
  });

  it('are few for what is usual, at usual lengths', () => {
    expect(worstSteps('^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$')!(64)).toBeLessThan(100_000);
    expect(worstSteps('^(draft|open|done)$')!(10)).toBeLessThan(100);
  });
});
