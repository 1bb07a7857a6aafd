import { describe, expect, it } from '@jest/globals';
import type { AtomeState } from '../atome.js';
import type { JsonObject } from '../json.js';
import { DEFAULT_LIMITS } from '../limits.js';
import { decide } from './decide.js';
import { fold } from './fold.js';
import { clockAt } from './keys.js';

const KEYS = 9_000;
const hlcOf = (n: number): string => `2026-11-30T00:00:00.000Z-${String(n).padStart(4, '0')}-server`;
const keys = (prefix: string): JsonObject =>
  Object.fromEntries(Array.from({ length: KEYS }, (_, n) => [`${prefix}${n}`, n]));

const STATE: AtomeState = {
  id: 'a',
  kind: 'note',
  type: null,
  data: { ...keys('old'), kept: 1, ahead: 1 },
  meta: {},
  parentId: null,
  ownerId: 'ann',
  version: 1,
  createdAt: '',
  updatedAt: '',
  deletedAt: null,
  clocks: { '': hlcOf(1), 'data.ahead': hlcOf(9), 'data.kept': hlcOf(2) },
};

function restored(data: JsonObject): AtomeState {
  const changes = { kind: 'note', type: null, data, meta: {}, parentId: null };
  const mutation = { operation: 'restore', atomeId: 'a', baseVersion: null, changes } as const;
  const hlc = hlcOf(5);
  const decided = decide(STATE, mutation as never, hlc, DEFAULT_LIMITS);
  if (decided.outcome === 'noop') throw new Error('nothing was restored');
  const alteration = { ...mutation, ...decided, version: 2, hlc, timestamp: '', author: 'ann' };
  return fold(STATE, alteration as never, { written: decided.written });
}

describe('many keys that are written at once', () => {
  it('have one stamp for all, but for those that are newer', () => {
    const state = restored({ ...keys('new'), kept: 2, ahead: 2 });
    expect(state.data).toEqual({ ...keys('new'), kept: 2, ahead: 1 });
    expect(Object.keys(state.clocks).filter((path) => path.startsWith('data.'))).toEqual(['data.ahead']);
    expect(clockAt(state, 'data.ahead')).toBe(hlcOf(9));
    for (const path of ['data.kept', 'data.new0', 'data.old0', 'kind']) expect(clockAt(state, path)).toBe(hlcOf(5));
  });

  it('leave none behind where they are taken away', () => {
    const state = restored({ kept: 1 });
    expect(state.data).toEqual({ kept: 1, ahead: 1 });
    expect(state.clocks).toMatchObject({ '': hlcOf(1), data: hlcOf(5), 'data.kept': hlcOf(5), 'data.ahead': hlcOf(9) });
    expect(clockAt(state, 'data.old0')).toBe(hlcOf(5));
  });
});
