import { describe, expect, it } from '@jest/globals';
import type { Atome } from '../../../src/protocol/index.js';
import { MemoryNetwork } from '../connection/memory-transport.js';
import { createClient } from '../offline/client.js';
import { checked, matcher, type Condition, type Query } from './query.js';

const note: Atome = {
  id: 'a',
  kind: 'note',
  type: 'memo',
  data: { title: 'Buy milk', done: false, n: 5, tags: ['x', 'y'], author: { name: 'Ada' }, nothing: null },
  meta: {},
  parentId: 'p',
  ownerId: 'ada',
  version: 1,
  createdAt: '',
  updatedAt: '',
  deletedAt: null,
};

describe('a query that is written wrong', () => {
  it.each<object>([
    { where: { n: { $gt: 3 } } },
    { where: { n: { toString: 3 } } },
    { where: { n: {} } },
    { where: { n: new Date() } },
    { where: { n: [1] } },
    { where: { n: { in: 'a' } } },
    { where: { n: { gt: { deep: 1 } } } },
    { where: 'n = 1' },
    { where: null },
    { limit: null },
    { limit: -1 },
    { limit: 1.5 },
    { limit: NaN },
    { limit: '3' },
    { sort: ['title'] },
    { ids: 'a' },
    { kind: 7 },
    { offset: -1 },
    { search: 'milk' },
    { constructor: 'note' },
  ])('throws at the call: %j', async (wrong) => {
    const client = createClient({ dial: new MemoryNetwork().dial });
    const query = wrong as Query;
    const refused = expect.objectContaining({ code: 'invalid' });
    for (const call of [() => client.watch(query), () => client.watch(query, () => undefined)]) {
      expect(call).toThrow(refused);
    }
    await expect(client.list(query)).rejects.toEqual(refused);
    await client.close();
  });

  it.each<Query>([
    {},
    { where: {} },
    { limit: 0 },
    { ids: [] },
    { kind: undefined, where: { a: null, b: { in: [null] } } },
    { where: { a: undefined as never, b: { ne: undefined } } },
  ])('is not this one: %j', (query) => {
    expect(() => checked(query)).not.toThrow();
  });
});

it('says what is wrong with a query that JSON cannot say', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const wrong of [{ where: { n: 5n } }, { limit: 5n }, { where: { n: cycle } }, { sort: cycle }]) {
    expect(() => checked(wrong as never)).toThrow(expect.objectContaining({ code: 'invalid' }));
  }
});

describe('a query', () => {
  it.each<[Query, boolean]>([
    [{}, true],
    [{ kind: 'note', type: 'memo', parentId: 'p', ids: ['a', 'b'] }, true],
    [{ kind: 'task' }, false],
    [{ type: null }, false],
    [{ parentId: null }, false],
    [{ ids: ['b'] }, false],
  ])('%j: %s', (query, found) => {
    expect(matcher(query)(note)).toBe(found);
  });

  it.each<[string, Condition, boolean]>([
    ['done', false, true],
    ['done', true, false],
    ['nothing', null, true],
    ['missing', null, false],
    ['missing', undefined as never, true],
    ['nothing', undefined as never, false],
    ['n', { ne: undefined }, true],
    ['author.name', 'Ada', true],
    ['author.name.first', 'Ada', false],
    ['toString', 'Ada', false],
    ['n', { gt: 4, lte: 5 }, true],
    ['n', { lt: 5 }, false],
    ['n', { gte: '4' }, false],
    ['n', { ne: 5 }, false],
    ['title', { contains: 'milk' }, true],
    ['tags', { contains: 'y' }, true],
    ['tags', { contains: 'z' }, false],
    ['n', { contains: 5 }, false],
    ['n', { in: [1, 5] }, true],
    ['n', { in: [] }, false],
  ])('where %s is %j: %s', (path, condition, found) => {
    expect(matcher({ where: { [path]: condition } })(note)).toBe(found);
  });

  it('does not find what was deleted', () => {
    expect(matcher({})({ ...note, deletedAt: 'now' })).toBe(false);
  });
});
