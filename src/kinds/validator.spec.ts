import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../protocol/index.js';
import { validatorOf } from './validator.js';

describe('a JSON Schema', () => {
  it.each<[what: string, schema: Record<string, unknown>, data: JsonObject, path: string, message: string]>([
    ['a key that is missing', { required: ['a/b'] }, {}, '/data/a~1b', 'is missing'],
    ['one that only all objects have', { required: ['toString'] }, {}, '/data/toString', 'is missing'],
    [
      'a key too many',
      { properties: { a: {} }, additionalProperties: false },
      { b: 1 },
      '/data/b',
      'is not a key of this kind',
    ],
    [
      'one that nothing has looked at',
      { unevaluatedProperties: false },
      { c: 1 },
      '/data/c',
      'is not a key of this kind',
    ],
    [
      'a value deep inside',
      { properties: { a: { items: { minimum: 3 } } } },
      { a: [3, 2] },
      '/data/a/1',
      'must be >= 3',
    ],
    ['a constant', { properties: { a: { const: 'x' } } }, { a: 'y' }, '/data/a', 'must be "x"'],
    [
      'items that repeat',
      { properties: { a: { uniqueItems: true } } },
      { a: [1, 2, 1] },
      '/data/a',
      'must not have the same item twice',
    ],
    [
      'the name of a key',
      { propertyNames: { pattern: '^[a-z]+$' } },
      { A: 1 },
      '/data/A',
      'must match pattern "^[a-z]+$"',
    ],
    ['the whole', { minProperties: 1 }, {}, '/data', 'must NOT have fewer than 1 properties'],
  ])('says where it is: %s', (_what, schema, data, path, message) => {
    expect(validatorOf(schema)(data)).toEqual([{ path, message }]);
  });

  it('names a bounded number of problems, in sentences of a bounded length', () => {
    const values = Array.from({ length: 1_000 }, (_, n) => `value ${n}`);
    const issues = validatorOf({ properties: { a: { items: { enum: values } } } })({ a: Array(1_000).fill(7) });
    expect(issues).toHaveLength(20);
    expect(issues.every(({ message }) => message.length <= 301)).toBe(true);
  });

  it('changes nothing', () => {
    const data = { a: '7', b: null };
    validatorOf({ properties: { a: { type: 'number', default: 1 }, c: { default: 2 } }, additionalProperties: false })(
      data,
    );
    expect(data).toEqual({ a: '7', b: null });
  });

  it('finds a repeated item among very many at once', () => {
    const many = Array.from({ length: 50_000 }, (_, n) => ({ n }));
    const validate = validatorOf({ properties: { a: { uniqueItems: true } } });
    expect(validate({ a: many })).toEqual([]);
    expect(validate({ a: [...many, { n: 0 }] })).toHaveLength(1);
  });
});

describe('a Standard Schema', () => {
  it('may be a function, and names no path where it knows none', () => {
    const schema = Object.assign(() => undefined, {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'x'.repeat(400) }, null] }) },
    });
    expect(validatorOf(schema)({})).toEqual([
      { path: '/data', message: `${'x'.repeat(300)}…` },
      { path: '/data', message: 'does not fit' },
    ]);
  });
});
