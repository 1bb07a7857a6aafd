import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { worstSteps } from './worst-steps.js';

/** What a pattern is made of here. */
type Part =
  | { readonly is: 'character' | 'any' }
  | { readonly is: 'sequence' | 'choice'; readonly parts: readonly Part[] }
  | { readonly is: 'ahead'; readonly part: Part }
  | { readonly is: 'repetition'; readonly part: Part; readonly min: number; readonly more: number };

const { pattern: anyPattern } = fc.letrec<{ pattern: Part }>((tie) => {
  const part = tie('pattern');
  const repetition = fc.tuple(part, fc.nat(5), fc.constantFrom(0, 1, 3, Infinity));
  return {
    pattern: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom<Part>({ is: 'character' }, { is: 'any' }),
      fc.array(part, { maxLength: 3 }).map((parts): Part => ({ is: 'sequence', parts })),
      fc.array(part, { minLength: 1, maxLength: 3 }).map((parts): Part => ({ is: 'choice', parts })),
      part.map((part): Part => ({ is: 'ahead', part })),
      repetition.map(([part, min, more]): Part => ({ is: 'repetition', part, min, more })),
    ),
  };
});

function patternOf(part: Part): string {
  switch (part.is) {
    case 'character':
      return 'a';
    case 'any':
      return '.';
    case 'sequence':
      return part.parts.map(patternOf).join('');
    case 'choice':
      return `(?:${part.parts.map(patternOf).join('|')})`;
    case 'ahead':
      return `(?=${patternOf(part.part)})`;
    case 'repetition':
      return `(?:${patternOf(part.part)}){${part.min},${part.more === Infinity ? '' : part.min + part.more}}`;
  }
}

/** Matches as the language says, and counts the characters that it looks at. */
class Steps {
  done = 0;

  constructor(private readonly text: string) {}

  get isOver(): boolean {
    return this.done >= 20_000;
  }

  /** Whether what follows can do with one of the places that the part ends at; ends as if it could where it takes too long. */
  try(part: Part, at: number, next: (at: number) => boolean): boolean {
    if (this.isOver) return true;
    switch (part.is) {
      case 'character':
      case 'any':
        this.done += 1;
        return at < this.text.length && (part.is === 'any' || this.text[at] === 'a') && next(at + 1);
      case 'sequence':
        return part.parts.reduceRight((then, each) => (from: number) => this.try(each, from, then), next)(at);
      case 'choice':
        return part.parts.some((each) => this.try(each, at, next));
      case 'ahead':
        return this.try(part.part, at, () => true) && next(at);
      case 'repetition':
        return this.again(part, part.min, part.more, at, next);
    }
  }

  private again(
    repetition: Part & { is: 'repetition' },
    min: number,
    more: number,
    at: number,
    next: (at: number) => boolean,
  ): boolean {
    const { part } = repetition;
    if (min > 0) return this.try(part, at, (to) => this.again(repetition, min - 1, more, to, next));
    const goesOn = (to: number): boolean => to > at && this.again(repetition, 0, more - 1, to, next);
    return (more > 0 && this.try(part, at, goesOn)) || next(at);
  }
}

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
    '^a{5000}$',
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
    ['(a*)*b', 20, 2 * 2 ** 20],
    // as many as there are places for eight ends
    ['^(a+){9}$', 100, 99 ** 8 / 40_320 / 2],
    ['^(a?){1000}$', 4, 1_000 ** 3 / 6],
    ['^(a*){50}$', 8, 50 ** 8 / 40_320],
    ['^(?:a?|b?){30}x', 6, 2 ** 30],
    ['^.*a{5000}b$', 100, 100 ** 2 / 2],
    ['^.*a{5000}b$', 5_000, 5_000 ** 2 / 2],
    ['^(?=(a+)+$)', 20, 2 ** 20],
    ['^a{9}(?<=(a|a)*b)', 20, 2 ** 20],
    ['^(a*)\\1*$', 100, 100 ** 2 / 2],
  ])('are at least as many as ways to match in %s', (pattern, chars, ways) => {
    expect(worstSteps(pattern)!(chars)).toBeGreaterThanOrEqual(ways);
  });

  it('are few for what is usual, at usual lengths', () => {
    expect(worstSteps('^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$')!(64)).toBeLessThan(200_000);
    expect(worstSteps('^(draft|open|done)$')!(10)).toBeLessThan(100);
    expect(worstSteps('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')!(36)).toBeLessThan(100);
    expect(worstSteps('^https?://.*$')!(500)).toBeLessThan(10_000);
  });

  it('are at least those that it takes when each way is tried', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 7 });
    fc.assert(
      fc.property(anyPattern, text, (part, text) => {
        const [pattern, steps] = [`^(?:${patternOf(part)})$`, new Steps(text)];
        const isMatch = steps.try(part, 0, (at) => at === text.length);
        expect(isMatch).toBe(steps.isOver || new RegExp(pattern, 'u').test(text));
        expect((worstSteps(pattern) ?? ((chars) => 66 * (chars + 1)))(text.length)).toBeGreaterThanOrEqual(steps.done);
      }),
      { numRuns: 200 },
    );
  });
});
