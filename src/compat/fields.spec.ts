import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { content, object } from '../../test/support/models/arbitraries.js';
import { DEFAULT_LIMITS, parseAlterBody, parseCreateBody, parseReplaceBody } from '../protocol/index.js';
import { credentialsOf } from './account-words.js';
import { addressInOwnWords } from './addresses.js';
import { alterOf, createOf, putOf, unstamped } from './fields.js';

const given = <T extends object>(body: fc.Arbitrary<T>): fc.Arbitrary<Partial<T>> =>
  body.chain((whole) => fc.subarray(Object.entries(whole)).map((entries) => Object.fromEntries(entries) as Partial<T>));
const takes = (parse: () => unknown): boolean => {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
};

describe('a body that the server takes by itself', () => {
  const extra = fc.record({ id: fc.constant('a1'), access: fc.constantFrom('private', 'tenant'), reason: fc.string() });
  const body = fc.tuple(given(content), given(extra)).map(([one, other]) => ({ ...one, ...other }));

  it('is never translated', () => {
    fc.assert(
      fc.property(body, object, (whole, changes) => {
        if (takes(() => parseCreateBody(whole, {}, DEFAULT_LIMITS))) expect(createOf(whole)).toBeUndefined();
        if (takes(() => parseReplaceBody('a1', whole, {}, DEFAULT_LIMITS))) expect(putOf('a1', whole)).toBeUndefined();
        const alter = { operation: 'update', changes, deviceId: 'd', timestamp: 1 };
        expect(takes(() => parseAlterBody('a1', alter, {}, DEFAULT_LIMITS)) && alterOf(alter)).toBe(undefined);
      }),
    );
    expect(alterOf({ operation: 'rename', changes: { name: 'x' } })).toBeUndefined();
    expect(unstamped({ newName: 'x', reason: 'y' }, [])).toBeUndefined();
    expect(credentialsOf({ identifier: 'alice', password: 'p' })).toBeUndefined();
  });
});

it('keeps in a create what nobody knows, so that it alone is blamed', () => {
  const body = { kind: 'note', data: {}, logicalClock: 1, nonsense: 1 };
  expect(createOf(body)).toEqual({ kind: 'note', data: {}, nonsense: 1 });
});

describe('a body that neither knows', () => {
  it.each([[{ kind: 'note', data: {}, nonsense: 1 }], [{ kind: 'note', data: {}, version: 1 }], [[]], [null]])(
    'is left to the server: %j',
    (body) => {
      expect(createOf(body)).toBeUndefined();
    },
  );

  it.each([
    [{ id: 'another', title: 'x' }],
    [{ access: 'private' }],
    [{ title: 'x', access: 'private' }],
    [{ data: 1, title: 'x' }],
    [{ data: {}, metta: {} }],
    [{ id: 'a1' }],
    [{}],
    ['x'],
  ])('is left to the server: PUT %j', (body) => {
    expect(putOf('a1', body)).toBeUndefined();
  });
});

it('keeps a key that would set a prototype, so that it is refused', () => {
  const body = JSON.parse('{"kind":"note","properties":{"__proto__":{"a":1}}}') as object;
  expect(Object.keys(createOf(body)!.data as object)).toEqual(['__proto__']);
  expect(() => parseCreateBody(createOf(body), {}, DEFAULT_LIMITS)).toThrow();
});

it.each([
  ['/api/auth/local/login', '/api/auth/login'],
  ['/api/atome/sync/push', '/api/sync/push'],
  ['/api/atome/sync/ack?x=1', '/api/sync/ack?x=1'],
  ['/api/atome/sync/pull', '/api/atome/sync/pull'],
  ['/api/atome/sync/pushed', '/api/atome/sync/pushed'],
  ['/api/atome/list?search=/auth/local/', '/api/atome/list?search=/auth/local/'],
])('finds %s at %s', (asked, own) => {
  expect(addressInOwnWords(asked)).toBe(own);
});
