import { describe, expect, it } from '@jest/globals';
import { isLinear } from './bounded-check.js';
import { validatorOf } from './validator.js';

const NEVER = `${'a'.repeat(60)}!`;
const TOO_LONG = [{ path: '/data', message: 'takes too long to be checked; make it simpler' }];
const of = (code: object): ReturnType<typeof validatorOf> => validatorOf({ type: 'object', properties: { code } });

describe('a check that would go on for ever', () => {
  it.each([
    ['a repetition within a repetition', { type: 'string', pattern: '^(a+)+$' }],
    ['choices that are the same', { type: 'string', pattern: '^(a|a)*$' }],
    ['names of keys', { type: 'object', patternProperties: { '^(a+)+$': {} } }],
    ['the schema within itself', { items: { type: 'string', pattern: '(a*)*b' } }],
  ])('is given up: %s', (_what, code) => {
    const text = 'patternProperties' in code ? { [NEVER]: 1 } : 'items' in code ? [NEVER, NEVER] : NEVER;
    const validate = of(code);
    expect(validate({ code: text })).toEqual(TOO_LONG);
    expect(validate({ code: 'patternProperties' in code ? { aaa: 1 } : 'items' in code ? ['ab'] : 'aaa' })).toEqual([]);
  });

  it('says of all else what it did', () => {
    const validate = of({ type: 'string', pattern: '^(a|b)+$' });
    expect(validate({ code: 'abab' })).toEqual([]);
    expect(validate({ code: 'abc' })).toEqual([{ path: '/data/code', message: 'must match pattern "^(a|b)+$"' }]);
  });

  it.each([
    ['^[a-z]+$', true],
    ['^\\d{4}-\\d{2}$', true],
    ['^a\\+\\*$', true],
    ['a+$', false],
    ['^a*a*$', false],
    ['^a{0,9}a{0,9}$', false],
    ['^(a|a)$', false],
  ])('is not looked for in %s: %s', (pattern, linear) => {
    expect(isLinear(pattern)).toBe(linear);
  });
});
