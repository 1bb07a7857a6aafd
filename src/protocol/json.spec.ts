import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { json } from '../../test/support/models/arbitraries.js';
import { checkJson, equalJson, type JsonValue } from './json.js';

const LIMITS = { jsonDepth: 4, jsonNodes: 20 };

function nested(levels: number): unknown {
  let value: unknown = 'core';
  for (let i = 0; i < levels; i += 1) value = i % 2 ? [value] : { in: value };
  return value;
}

describe('checkJson', () => {
  it('accepts what is within the limits', () => {
    expect(checkJson({ a: [1, 'two', null, { b: true }] }, LIMITS)).toBeUndefined();
    expect(checkJson(nested(4), LIMITS)).toBeUndefined();
    expect(checkJson(Array(19).fill(0), LIMITS)).toBeUndefined();
  });

  it('names the place that is too deep', () => {
    const tooDeep = { a: { b: [{ c: {} }] } };
    expect(checkJson(tooDeep, LIMITS)).toMatchObject({ code: 'too_complex', path: 'a.b.0.c' });
  });

  it('refuses too many values, wherever they are', () => {
    expect(checkJson(Array(20).fill(0), LIMITS)).toMatchObject({ code: 'too_complex', path: '' });
    expect(checkJson(Array(5).fill([1, 2, 3]), LIMITS)).toMatchObject({ code: 'too_complex' });
    expect(checkJson(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, i])), LIMITS)).toBeDefined();
  });

  it('does not exhaust the stack on hostile nesting', () => {
    expect(checkJson(nested(100_000), { jsonDepth: 32, jsonNodes: 10_000 })).toMatchObject({ code: 'too_complex' });
    expect(checkJson(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)), LIMITS)).toBeDefined();
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses the key %s at any depth', (key) => {
    const hostile: unknown = JSON.parse(`{"a":[{"${key}":{"polluted":true}}]}`);
    expect(checkJson(hostile, LIMITS)).toMatchObject({ code: 'invalid', path: 'a.0' });
  });

  it.each([NaN, Infinity, -Infinity, -0, 1n, JSON.parse('1e999')])('refuses %p, which JSON does not write', (value) => {
    const problem = { code: 'invalid', path: 'a.0', message: expect.stringContaining('send it as a string') };
    expect(checkJson({ a: [value] }, LIMITS)).toMatchObject(problem);
    expect(checkJson({ a: [{ toJSON: () => value as unknown }] }, LIMITS)).toMatchObject(problem);
  });

  it.each([() => 1, Symbol('s'), Object.assign(() => 1, { toJSON: () => 1 })])('refuses %p', (value) => {
    const problem = { code: 'invalid', path: 'a', message: expect.stringContaining('JSON does not carry') };
    expect(checkJson({ a: value }, LIMITS)).toMatchObject(problem);
    expect(checkJson({ a: { toJSON: () => value } }, LIMITS)).toMatchObject(problem);
  });

  it.each([[[1, undefined]], [Object.assign([1], { 2: 3 })], [[1, { toJSON: () => undefined }]]])(
    'refuses what JSON would make null of in %p',
    (list) => {
      expect(checkJson({ list }, LIMITS)).toMatchObject({ code: 'invalid', path: 'list.1' });
    },
  );

  it('tells whether a value is what JSON makes of it', () => {
    const isJson = (value: unknown): boolean => {
      const found = { isJson: true };
      expect(checkJson(value, LIMITS, found)).toBeUndefined();
      return found.isJson;
    };
    expect(isJson({ a: [1, null, { b: 'two' }], toJSON: 'text' })).toBe(true);
    expect(isJson(Object.assign(Object.create(null), { a: 1 }))).toBe(true);
    for (const odd of [
      undefined,
      new Date(0),
      { toJSON: () => 1 },
      new Map(),
      Object.create({ inherited: 1 }),
      Object('a'),
    ]) {
      expect(isJson({ a: [{ b: odd as unknown }] })).toBe(false);
    }
  });

  it('looks at what a value is written as, and refuses one that cannot be written', () => {
    expect(checkJson({ at: new Date(0) }, LIMITS)).toBeUndefined();
    expect(checkJson({ toJSON: 'text' }, LIMITS)).toBeUndefined();
    expect(checkJson({ a: { toJSON: () => nested(9) } }, LIMITS)).toMatchObject({ code: 'too_complex' });
    const broken = {
      toJSON: () => {
        throw new Error('not me');
      },
    };
    expect(checkJson({ a: broken }, LIMITS)).toMatchObject({
      code: 'invalid',
      path: 'a',
      message: expect.stringContaining('not me'),
    });
    expect(checkJson({ a: new Date(NaN) }, LIMITS)).toBeUndefined();
  });
});

describe('equalJson', () => {
  it('does not look at the order of keys, but at that of items', () => {
    expect(equalJson({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(equalJson([1, 2], [2, 1])).toBe(false);
  });

  it.each<[JsonValue, JsonValue]>([
    [null, {}],
    [[], {}],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [0, false],
    ['1', 1],
  ])('tells %j from %j', (a, b) => {
    expect(equalJson(a, b)).toBe(false);
    expect(equalJson(b, a)).toBe(false);
  });

  it('holds for every copy, and agrees with the text', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(equalJson(a, structuredClone(a))).toBe(true);
        if (JSON.stringify(a) === JSON.stringify(b)) expect(equalJson(a, b)).toBe(true);
        expect(equalJson(a, b)).toBe(equalJson(b, a));
      }),
    );
  });
});
