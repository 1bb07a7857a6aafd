import { Script } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GivenUp } from '../ledger/write/undecidable.js';
import type { JsonValue } from '../protocol/index.js';
import { validatorOf } from './validator.js';

const NEVER = `${'a'.repeat(60)}!`;
const TOO_LONG = [{ path: '/data', message: 'takes too long to be checked; make it simpler' }];
const of = (code: object, more: object = {}): ReturnType<typeof validatorOf> =>
  validatorOf({ type: 'object', properties: { code }, ...more });

describe('a check that would go on for ever', () => {
  const clock = process as { threadCpuUsage?: () => { user: number; system: number } };
  const { threadCpuUsage: own } = clock;
  let part: number;
  beforeEach(() => {
    part = 1;
    clock.threadCpuUsage = () => ({ user: part * performance.now() * 1_000, system: 0 });
  });
  afterEach(() => {
    clock.threadCpuUsage = own!;
    jest.restoreAllMocks();
  });

  it.each<[string, object, JsonValue, JsonValue]>([
    ['a repetition within a repetition', { type: 'string', pattern: '^(a+)+$' }, NEVER, 'aaa'],
    ['a counted group that may be empty', { type: 'string', pattern: '^(a?){1000}$' }, 'aaaaaaab', 'aaa'],
    ['choices that are the same', { type: 'string', pattern: '^(a|a)*$' }, NEVER, 'aaa'],
    ['names of keys', { type: 'object', patternProperties: { '^(a+)+$': {} } }, { [NEVER]: 1 }, { aaa: 1 }],
    ['one of many', { items: { type: 'string', pattern: '(a*)*b' } }, ['ab', NEVER], ['ab']],
  ])('is given up, and refused when it comes again: %s', (_what, code, data, sound) => {
    const validate = of(code);
    expect(() => validate({ code: data })).toThrow(GivenUp);
    expect(() => validate({ code: data })).toThrow(GivenUp);
    const runs = jest.spyOn(Script.prototype, 'runInContext');
    expect(validate({ code: data })).toEqual(TOO_LONG);
    expect(runs).not.toHaveBeenCalled();
    expect(validate({ code: sound })).toEqual([]);
  });

  it('is given up where the schema is within itself', () => {
    const both = { anyOf: [{ $ref: '#/$defs/node' }, { $ref: '#/$defs/node' }] };
    const node = { type: 'object', properties: { next: both }, required: ['end'] };
    const validate = of({ $ref: '#/$defs/node' }, { $defs: { node } });
    const nested = (depth: number): JsonValue => (depth === 0 ? {} : { next: nested(depth - 1) });
    expect(() => validate({ code: nested(40) })).toThrow(GivenUp);
    expect(validate({ code: { end: 1, next: { end: 1 } } })).toEqual([]);
  });

  it('is never refused as long as others have the processor, and charged with what it had itself', () => {
    part = 0.01;
    const validate = of({ type: 'string', pattern: '^(b+)+$' });
    const data = { code: NEVER.replaceAll('a', 'b') };
    expect(() => validate(data)).toThrow(expect.objectContaining({ code: 'unavailable', heldMs: 100, tookMs: 100 }));
    for (let n = 0; n < 3; n += 1) {
      let givenUp: unknown;
      try {
        validate(data);
      } catch (error) {
        givenUp = error;
      }
      expect(givenUp).toMatchObject({ code: 'unavailable', retryable: true, details: { retryAfter: 2_000 } });
    }
  });

  it('is refused, too, where only the time of the whole process is told, after two measures', () => {
    Object.assign(clock, { threadCpuUsage: undefined });
    const whole = jest.spyOn(process, 'cpuUsage');
    whole.mockImplementation(() => ({ user: performance.now() * 1_000, system: 0 }));
    const validate = of({ type: 'string', pattern: '^(c+)+$' });
    const data = { code: NEVER.replaceAll('a', 'c') };
    for (let n = 0; n < 3; n += 1) expect(() => validate(data)).toThrow(GivenUp);
    expect(validate(data)).toEqual(TOO_LONG);
  });

  it('is watched only where there are many steps', () => {
    const runs = jest.spyOn(Script.prototype, 'runInContext');
    const validate = of({ type: 'string', pattern: '^(a|b)+$' });
    expect(validate({ code: 'abab' })).toEqual([]);
    expect(validate({ code: 'abc' })).toEqual([{ path: '/data/code', message: 'must match pattern "^(a|b)+$"' }]);
    expect(runs).not.toHaveBeenCalled();
    expect(validate({ code: 'ab'.repeat(20) })).toEqual([]);
    expect(runs).toHaveBeenCalledTimes(1);
  });

  it('has all of a document in its bound', () => {
    const runs = jest.spyOn(Script.prototype, 'runInContext');
    const validate = of({ items: { type: 'string', pattern: '^(a|b)+$' } });
    expect(validate({ code: Array(10).fill('abababab') })).toEqual([]);
    expect(runs).not.toHaveBeenCalled();
    expect(validate({ code: Array(1_000).fill('abababab') })).toEqual([]);
    expect(runs).toHaveBeenCalledTimes(1);
  });
});
