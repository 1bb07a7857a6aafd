import { describe, expect, it } from '@jest/globals';
import {
  ACCESS_ENTRY_PATTERN,
  effectiveAccess,
  inheritedFrom,
  isNamed,
  readersOf,
  sameRights,
  type Access,
} from './access.js';
import type { Principal } from './principal.js';
import { decide } from './merge/decide.js';
import { fold } from './merge/fold.js';
import { DEFAULT_LIMITS } from './limits.js';
import { readAccess } from './parse/access.js';

const alice: Principal = { id: 'alice', tenant: 't', roles: ['writer'], groups: ['staff'] };
const limits = DEFAULT_LIMITS;

describe('access', () => {
  it.each<[string, unknown]>([
    ['tenant', 'tenant'],
    ['inherit', 'inherit'],
    ['lists', { read: ['group:a', 'auth0|1', '*'], write: [] }],
  ])('is read: %s', (_what, value) => {
    expect(readAccess(value)).toEqual(value);
  });

  it.each<[string, unknown]>([
    ['another word', 'public'],
    ['null', null],
    ['one list', { read: [] }],
    ['more than lists', { read: [], write: [], owner: 'x' }],
    ['a group without a name', { read: ['group:'], write: [] }],
    ['a space', { read: ['a b'], write: [] }],
    ['a line end', { read: ['a\n'], write: [] }],
    ['a long name', { read: ['a'.repeat(129)], write: [] }],
    ['too many', { read: Array.from({ length: 101 }, (_, i) => `u${i}`), write: [] }],
  ])('is refused: %s', (_what, value) => {
    expect(readAccess(value)).toBeUndefined();
  });

  it('takes 128 characters behind group:', () => {
    expect(ACCESS_ENTRY_PATTERN.test(`group:${'a'.repeat(128)}`)).toBe(true);
    expect(ACCESS_ENTRY_PATTERN.test(`group:${'a'.repeat(129)}`)).toBe(false);
  });

  it('names groups and principals apart', () => {
    expect(isNamed(alice, ['group:staff'])).toBe(true);
    expect(isNamed(alice, ['staff', 'group:alice'])).toBe(false);
    expect(isNamed({ ...alice, id: 'group:staff', groups: [] }, ['group:staff'])).toBe(false);
    expect(isNamed(alice, ['*'])).toBe(true);
  });

  it.each<[Access, Access]>([
    ['tenant', 'tenant'],
    ['private', { read: [], write: ['bob'] }],
    [
      { read: ['x'], write: ['y'] },
      { read: ['x'], write: ['y', 'bob'] },
    ],
    [
      { read: [], write: ['bob'] },
      { read: [], write: ['bob'] },
    ],
  ])('%j is inherited as %j', (access, expected) => {
    expect(inheritedFrom({ ownerId: 'bob', access })).toEqual(expected);
    expect(inheritedFrom({ ownerId: 'bob', access: 'inherit', inherited: access })).toEqual(expected);
  });

  it('gives nobody a right because an owner has the name of a group, or of everybody', () => {
    for (const ownerId of ['*', 'group:staff']) {
      expect(inheritedFrom({ ownerId, access: 'private' })).toEqual({ read: [], write: [] });
    }
  });

  it('is nobody’s where it cannot be resolved', () => {
    expect(effectiveAccess({ access: 'inherit' })).toBe('private');
  });

  it('is indexed with owners that no group can be', () => {
    expect(readersOf({ ownerId: 'group:x', access: { read: ['group:y'], write: ['z'] } })).toEqual([
      '=group:x',
      'group:y',
      '=z',
    ]);
    expect(readersOf({ ownerId: 'a', access: { read: [], write: ['*'] } })).toBeUndefined();
  });
});

describe('share', () => {
  const base = { atomeId: 'a', timestamp: 't', author: 'alice', superseded: [] };
  const content = { kind: 'note', type: null, data: { x: 1 }, meta: {}, parentId: null };
  const open = fold(null, { ...base, version: 1, hlc: 'z', operation: 'create', changes: content });
  const mutation = { opId: null, atomeId: 'a', baseVersion: null, hlc: null, reason: null };
  const asked = (access: Access) => ({ ...mutation, operation: 'share' as const, changes: { access } });
  const shared = (state: typeof open, access: Access) =>
    fold(state, { ...base, version: state.version + 1, hlc: 'a', operation: 'share', changes: { access } });

  it('sets the access and nothing else, and an open atome says nothing of it', () => {
    expect(open).not.toHaveProperty('access');
    const hidden = shared(open, 'private');
    expect(hidden).toEqual({ ...open, version: 2, access: 'private' });
    expect(shared(hidden, 'tenant')).toEqual({ ...open, version: 3 });
  });

  it('is never superseded, however old its stamp', () => {
    expect(decide(open, asked('private'), '', limits)).toEqual({ outcome: 'applied', superseded: [] });
  });

  it('is a no-op when it changes nothing', () => {
    expect(decide(open, asked('tenant'), 'z', limits)).toEqual({ outcome: 'noop' });
    expect(sameRights({ access: 'inherit', inherited: 'private' }, { access: 'private' })).toBe(false);
  });

  it('survives replace and restore', () => {
    const hidden = shared(open, 'private');
    const change = { ...base, version: 3, hlc: 'zz' };
    expect(fold(hidden, { ...change, operation: 'replace', changes: content })).toMatchObject({ access: 'private' });
    expect(fold(hidden, { ...change, operation: 'restore', changes: { version: 1, ...content } })).toMatchObject({
      access: 'private',
    });
  });

  it('is resolved anew when an atome that inherits moves', () => {
    const descendant = fold(open, {
      ...base,
      version: 2,
      hlc: 'z',
      operation: 'share',
      changes: { access: 'inherit', inherited: 'tenant' },
    });
    const moved = { parentId: 'p', inherited: 'private' as const };
    expect(fold(descendant, { ...base, version: 3, hlc: 'zz', operation: 'replace', changes: moved })).toMatchObject({
      parentId: 'p',
      access: 'inherit',
      inherited: 'private',
    });
  });

  it('makes a repeated create another one only where it asks for another access', () => {
    const hidden = shared(open, 'private');
    const again = (more: object) => ({ ...mutation, operation: 'create' as const, changes: { ...content, ...more } });
    expect(decide(hidden, again({}), 'z', limits)).toEqual({ outcome: 'noop' });
    expect(decide(hidden, again({ access: 'private' }), 'z', limits)).toEqual({ outcome: 'noop' });
    expect(() => decide(hidden, again({ access: 'tenant' }), 'z', limits)).toThrow('already another atome');
  });
});
