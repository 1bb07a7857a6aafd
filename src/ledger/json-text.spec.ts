import { describe, expect, it } from '@jest/globals';
import { object } from '../../test/support/models/arbitraries.js';
import fc from '../../test/support/properties.js';
import type { JsonObject } from '../protocol/index.js';
import { membersIn, membersOf, rewritten } from './json-text.js';

const json = JSON.stringify;

/** The same object, as others than `JSON.stringify` write it. */
const SPELLINGS: Readonly<Record<string, (object: JsonObject) => string>> = {
  'as it writes it': (each) => json(each),
  'with line ends': (each) => json(each, null, 1),
  'as PostgreSQL writes its jsonb': (each) =>
    `{${Object.entries(each)
      .map(([key, value]) => `${json(key)}: ${json(value)}`)
      .join(', ')}}`,
  'with blanks before its colons': (each) =>
    `{${Object.entries(each)
      .map(([key, value]) => `${json(key)} :${json(value)}`)
      .join(',')}}`,
  'with a blank at its end': (each) => `${json(each)} `,
  'with escapes that it needs not': (each) => json(each).replaceAll('"a"', '"\\u0061"').replaceAll('/', '\\/'),
};

describe.each(Object.entries(SPELLINGS))('a text %s', (_how, spelled) => {
  it('has its members, and loses none when some are written', () => {
    fc.assert(
      fc.property(object, object, fc.array(fc.constantFrom('a', 'b', 'x/y')), (before, some, removed) => {
        const text = spelled(before);
        const after = { ...before, ...some };
        for (const key of removed) delete after[key];
        const named = [...Object.keys(some), ...removed];
        const keys = new Set(named.map((key) => json(key)));
        const few = Object.entries(after).filter(([key]) => named.includes(key));
        const written = membersIn(Object.fromEntries(few));
        expect(JSON.parse(rewritten(text, { keys, written, moved: new Set() }))).toEqual(after);
        const found = [...membersOf(text, keys)].map(([key, value]) => [JSON.parse(key), JSON.parse(value)] as unknown);
        expect(found).toEqual(Object.entries(before).filter(([key]) => keys.has(json(key))));
      }),
    );
  });
});

it('refuses text that is no JSON, as its parser does', () => {
  const rewriting = { keys: new Set(['"a"']), written: new Map([['"a"', '1']]), moved: new Set<string>() };
  for (const text of ['{"a":1}{"b":2}', '{"a":1,}', '{"a":1', '', '{"a"}']) {
    expect(() => rewritten(text, rewriting)).toThrow();
  }
});
