import { describe, expect, it } from '@jest/globals';
import { parseCondition } from '../protocol/index.js';
import { takeWhere } from './where-query.js';

describe('the condition of a query', () => {
  const take = (search: string): unknown => takeWhere({}, `/api/atome/list?${search}`).where;

  it.each<[string, unknown]>([
    ['where[data.status]=open', { 'data.status': 'open' }],
    [
      'where%5Bdata.n%5D%5Bgte%5D=5&where[data.n][lt]=1.5e3',
      { and: [{ 'data.n': { gte: 5 } }, { 'data.n': { lt: 1500 } }] },
    ],
    ['where[data.done]=true', { 'data.done': true }],
    ['where[data.done]=null', { 'data.done': null }],
    ['where[data.code]=%22007%22', { 'data.code': '007' }],
    ['where[data.code]=007', { 'data.code': '007' }],
    ['where[data.code]=', { 'data.code': '' }],
    ['where[data.n][in]=1,2,x', { 'data.n': { in: [1, 2, 'x'] } }],
    ['where[data.title][contains]=2026', { 'data.title': { contains: '2026' } }],
    ['where[data.title][startsWith]=true', { 'data.title': { startsWith: 'true' } }],
    ['where[data.x][exists]=false', { 'data.x': { exists: false } }],
    [
      `where=${encodeURIComponent('{"or":[{"id":"a"},{"data.tags":{"contains":5}}]}')}`,
      { or: [{ id: 'a' }, { 'data.tags': { contains: 5 } }] },
    ],
    ['where={"id":"a"}&where[kind]=note', { and: [{ id: 'a' }, { kind: 'note' }] }],
  ])('%s', (search, condition) => {
    expect(take(search)).toEqual(parseCondition(condition));
  });

  it('leaves the rest, however the application parses brackets', () => {
    const flat = { 'where[id]': 'a', kind: 'note' };
    const nested = { where: { id: 'a' }, kind: 'note' };
    for (const query of [flat, nested]) {
      expect(takeWhere(query, '/list?where[id]=a&kind=note')).toEqual({
        where: parseCondition({ id: 'a' }),
        rest: { kind: 'note' },
      });
    }
    expect(takeWhere({ kind: 'where' }, '/list?kind=where')).toEqual({ where: undefined, rest: { kind: 'where' } });
  });

  it.each([
    ['where[id', 'where[id must be written where[data.status]=open'],
    ['where[id][in][0]=a', 'where[id][in][0] must be written where[data.status]=open'],
    ['where={', 'where must be JSON, such as {"data.status":"open"}'],
    ['where=', 'where must be JSON, such as {"data.status":"open"}'],
    ['where[nothing]=1', 'where "nothing" is no field'],
  ])('is refused with what to do: %s', (search, message) => {
    expect(() => take(search)).toThrow(message);
  });
});
