import { describe, expect, it } from '@jest/globals';
import type { Atome } from '../../../src/protocol/index.js';
import { matcher, type Condition, type Query } from './query.js';

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
