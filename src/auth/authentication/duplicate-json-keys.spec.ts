import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { hasDuplicateKeys } from './duplicate-json-keys.js';

describe('a name in a JSON text', () => {
  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"b":{"c":1,"c":2}}',
    '[{"a":[{"a":1},2],"a":1}]',
    '{"a":1,"\\u0061":2}',
    '{ "a" : 1 , "a" : 2 }',
    '{"":1,"":2}',
    '{"\\"":1,"\\"":2}',
  ])('is there twice: %s', (json) => expect(hasDuplicateKeys(json)).toBe(true));

  it.each([
    '{}',
    '1',
    '"a:a"',
    '{"a":"a","b":{"a":"a"}}',
    '[{"a":1},{"a":2}]',
    '{"a":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a":["b","b"]}',
  ])('is there once: %s', (json) => expect(hasDuplicateKeys(json)).toBe(false));

  it('is there once in whatever was written from a value', () => {
    fc.assert(fc.property(fc.json(), (json) => !hasDuplicateKeys(JSON.stringify(JSON.parse(json)))));
  });
});
