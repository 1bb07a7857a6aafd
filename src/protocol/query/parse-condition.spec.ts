import { describe, expect, it } from '@jest/globals';
import { MAX_GROUP_DEPTH, MAX_TERMS, parseCondition } from './parse-condition.js';

const field = (document: 'data' | 'meta', ...keys: string[]) => ({ document, keys });

describe('a condition', () => {
  it.each<[string, unknown, unknown]>([
    ['a value is to be equal', { kind: 'note' }, { field: { own: 'kind' }, operator: 'eq', value: 'note' }],
    [
      'a path leads into a document',
      { 'data.a.b': null },
      { field: field('data', 'a', 'b'), operator: 'eq', value: null },
    ],
    [
      'all operators of a field, and all fields, must hold',
      { 'data.n': { gte: 1, lt: 2 }, 'meta.x': { exists: true } },
      {
        all: [
          { field: field('data', 'n'), operator: 'gte', value: 1 },
          { field: field('data', 'n'), operator: 'lt', value: 2 },
          { field: field('meta', 'x'), operator: 'exists' },
        ],
      },
    ],
    [
      'what is not, and what is among others, is made of what is equal',
      { type: { ne: 'a' }, version: { nin: [1, 2] } },
      {
        all: [
          { not: { field: { own: 'type' }, operator: 'eq', value: 'a' } },
          {
            not: {
              any: [
                { field: { own: 'version' }, operator: 'eq', value: 1 },
                { field: { own: 'version' }, operator: 'eq', value: 2 },
              ],
            },
          },
        ],
      },
    ],
    [
      'groups hold others',
      { or: [{ id: 'a' }, { and: [{ id: 'b' }] }] },
      {
        any: [
          { field: { own: 'id' }, operator: 'eq', value: 'a' },
          { all: [{ field: { own: 'id' }, operator: 'eq', value: 'b' }] },
        ],
      },
    ],
  ])('%s', (_rule, input, expected) => {
    expect(parseCondition(input)).toEqual(expected);
  });

  const nested = (depth: number): unknown => (depth === 0 ? { id: 'a' } : { or: [nested(depth - 1)] });

  it('is bounded in groups and in values', () => {
    expect(() => parseCondition(nested(MAX_GROUP_DEPTH))).not.toThrow();
    expect(() => parseCondition(nested(MAX_GROUP_DEPTH + 1))).toThrow(
      'where may have at most 5 groups within each other',
    );
    const ids = Array.from({ length: MAX_TERMS }, (_, n) => `a${n}`);
    expect(() => parseCondition({ id: { in: ids } })).not.toThrow();
    expect(() => parseCondition({ id: { in: ids, ne: 'a' } })).toThrow('where may compare with at most 100 values');
  });

  it.each<[unknown, string]>([
    [null, 'must be a JSON object, such as'],
    [[], 'must be a JSON object, such as'],
    [{}, 'must name a field, such as'],
    [{ or: [] }, '"or" must be a list of conditions, one at least'],
    [{ or: {} }, '"or" must be a list of conditions, one at least'],
    [{ name: 'a' }, '"name" is no field; there are data.<key>, meta.<key>, id, kind'],
    [{ data: 'a' }, '"data" is no field; there are data.<key>'],
    [JSON.parse('{"__proto__":1}'), '"__proto__" is no field'],
    [{ 'data.': 1 }, '"data." has a key that is empty'],
    [{ 'data.a"]': 1 }, '"data.a"]" has a key that is empty, too long, or has one of " \\ [ ] in it'],
    [{ [`data.${'a.'.repeat(10)}b`]: 1 }, 'a path may have at most 10 keys'],
    [{ id: {} }, 'id must have a value, or an operator: eq, ne'],
    [{ id: { like: 'a' } }, 'id "like" is no operator; there are eq, ne'],
    [{ id: { toString: 'a' } }, 'id "toString" is no operator'],
    [{ id: ['a'] }, 'id "eq" must be a text, a number, true, false or null'],
    [{ id: { in: 'a' } }, 'id "in" must be a list of values, one at least'],
    [{ id: { in: [] } }, 'id "in" must be a list of values, one at least'],
    [{ id: { gt: null } }, 'id "gt" must be a text or a number'],
    [{ id: { startsWith: 1 } }, 'id "startsWith" must be a text'],
    [{ id: { exists: 'yes' } }, 'id "exists" must be true or false'],
    [{ id: 'a\0' }, 'id "eq" may have neither NUL, U+FFFF nor half a surrogate pair in it'],
    [{ id: '\ud800' }, 'id "eq" may have neither NUL, U+FFFF nor half a surrogate pair in it'],
    [{ id: 'a\uffff' }, 'id "eq" may have neither NUL, U+FFFF nor'],
    [{ id: { contains: 'a'.repeat(251) } }, 'id "contains" may have at most 250 characters'],
    [{ id: 'a'.repeat(1_001) }, 'id "eq" may have at most 1000 characters'],
  ])('is refused with what to do: %j', (input, message) => {
    expect(() => parseCondition(input)).toThrow(`where ${message}`);
  });
});
