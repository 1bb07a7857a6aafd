import { describe, expect, it } from '@jest/globals';
import type { Atome, JsonValue } from '../index.js';
import { compareAtomes, MAX_SORT_FIELDS, parseSort, SORT_CHARS } from './sort.js';

const atome = (id: string, v?: JsonValue): Atome => ({ id, data: v === undefined ? {} : { v } }) as unknown as Atome;

/** Ids in an order. */
function ordered(sort: string, ...atomes: readonly Atome[]): string {
  const [order, backwards] = [parseSort(sort), [...atomes].reverse()];
  const ids = backwards.sort((one, other) => compareAtomes(order, one, other)).map(({ id }) => id);
  return ids.join('');
}

describe('an order by fields', () => {
  const OF_EACH_TYPE: readonly JsonValue[] = [null, false, true, -1, 0, 1e21, '', '5', 'B', 'a', 'é', '\ue000', '😀'];

  it('has types one after the other, and text by code point', () => {
    const atomes = [undefined, ...OF_EACH_TYPE, []].map((value, n) => atome(String.fromCharCode(97 + n), value));
    expect(ordered('data.v', ...atomes)).toBe('abcdefghijklmno');
    expect(ordered('-data.v', ...atomes)).toBe('onmlkjihgfedcba');
  });

  it('has no order among arrays, objects and texts that databases have not; then the id decides', () => {
    const odd = [[2], { a: 1 }, 'b\0', 'a\ud800', '\uffff', []];
    expect(ordered('data.v', ...odd.map((value, n) => atome(`${n}`, value)))).toBe('012345');
    expect(ordered('-data.v', ...odd.map((value, n) => atome(`${n}`, value)))).toBe('543210');
  });

  it('looks at the first characters of a text', () => {
    const long = '😀'.repeat(SORT_CHARS - 1);
    expect(ordered('data.v', atome('a', `${long}bz`), atome('b', `${long}by`), atome('c', `${long}a`))).toBe('cab');
  });

  it('goes on with the next field, in a direction of its own', () => {
    const of = (id: string, kind: string, version: number): Atome => ({ id, kind, version }) as unknown as Atome;
    const atomes = [of('a', 'x', 2), of('b', 'y', 1), of('c', 'x', 3), of('d', 'x', 3)];
    expect(ordered('kind,-version', ...atomes)).toBe('dcab');
    expect(ordered('-kind,version', ...atomes)).toBe('bacd');
  });

  it.each([
    ['', '"" is no field; there are data.<key>'],
    ['title', '"title" is no field; there are data.<key>'],
    ['-data.a,', '"" is no field'],
    ['--id', '"-id" is no field'],
    ['id,-id', 'names id twice'],
    ['data.a"', 'has a key that is empty, too long, or has one of'],
    [Array.from({ length: MAX_SORT_FIELDS + 1 }, (_, n) => `data.f${n}`).join(), 'may name at most 4 fields'],
  ])('%j is refused with what to do', (sort, message) => {
    expect(() => parseSort(sort)).toThrow(/^sort /);
    expect(() => parseSort(sort)).toThrow(message);
  });
});
