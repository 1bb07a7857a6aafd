import { describe, expect, it } from '@jest/globals';
import type { Atome } from '../protocol/index.js';
import { faultOf, restOf, saidOf } from './bounds.js';

const TIME = '2026-01-01T00:00:00.000Z';
const ATOME: Atome = {
  ...{ id: 'x', ownerId: 'somebody', kind: 'note', type: null, data: { a: 1 }, meta: {}, parentId: null, version: 1 },
  ...{ createdAt: TIME, updatedAt: TIME, deletedAt: null },
};

describe('what is taken from upstream', () => {
  it.each([
    {},
    { access: 'inherit', inherited: 'private' },
    { access: 'inherit', inherited: { read: ['*'], write: [] } },
    { access: { read: ['group:a'], write: [] } },
    { deletedAt: TIME },
  ])('is an atome with %j', (parts) => {
    expect(faultOf({ ...ATOME, ...(parts as Partial<Atome>) })).toBeUndefined();
  });

  it.each([
    { id: '../x' },
    { kind: 5 },
    { data: [] },
    { data: JSON.parse('{"__proto__":{}}') as object },
    { ownerId: 'x'.repeat(129) },
    { access: 'everybody' },
    { access: 'inherit', inherited: 7 },
    { updatedAt: 'yesterday' },
    { parentId: {} },
  ])('is no atome with %j', (parts) => {
    expect(faultOf({ ...ATOME, ...parts } as Atome)).toEqual(expect.any(String));
  });

  it('is no atome where there is nothing', () => {
    expect(faultOf(null as unknown as Atome)).toBe('it is none');
  });

  it('is a rest within bounds, and one short line', () => {
    expect([-1, 5, Infinity, NaN, 1e12, 'x', undefined].map(restOf)).toEqual([0, 5, 0, 0, 600_000, 0, 0]);
    expect(saidOf(`a\r\nb\u001b[31m${'x'.repeat(1_000)}`)).toMatch(/^a b \[31mx{491}$/);
  });
});
