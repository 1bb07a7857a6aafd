import { expect, it } from '@jest/globals';
import { order } from '../where.js';
import type { Atome } from '../../../src/protocol/index.js';

const atome = (id: string, data: object): Atome => ({ id, data, updatedAt: `at ${id}` }) as Atome;
const sorted = (by: (a: Atome, b: Atome) => number): string[] =>
  [atome('a', { n: 1, t: 'y' }), atome('b', { n: 2 }), atome('c', { n: 1, t: 'x' }), atome('d', { n: 2 })]
    .sort(by)
    .map(({ id }) => id);

it.each([
  [['data.n', 'data.t'], 'cabd'],
  [['-data.n', 'data.t'], 'bdca'],
  [['data.n', '-data.t'], 'acdb'],
  [['data.n', '-updatedAt'], 'cadb'],
  [['-data.n'], 'dbca'],
  [[], 'abcd'],
])('order(%j) sorts by one after the other, and by the ids in the end', (paths, wanted) => {
  const by = order(...paths);
  expect(sorted(by).join('')).toBe(wanted);
  expect(JSON.stringify({ sort: by })).toBe(JSON.stringify({ sort: paths }));
});

it.each([[['']], [['-']], [[1 as never]], [['data.n', null as never]]])('order(%j) is refused at the call', (paths) => {
  expect(() => order(...paths)).toThrow(expect.objectContaining({ code: 'invalid' }));
});
