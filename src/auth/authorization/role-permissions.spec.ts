import { describe, expect, it } from '@jest/globals';
import { assertRole, roleAllows, type Action } from './role-permissions.js';

const somebody = (...roles: string[]) => ({ id: 'alice', tenant: 'acme', roles });

describe('what a role allows', () => {
  it.each<[roles: string[], actions: Action[]]>([
    [[], []],
    [['Admin', 'owner', ''], []],
    [['reader'], ['read']],
    [['writer'], ['read', 'write', 'share']],
    [['admin'], ['read', 'write', 'share', 'administer']],
    [
      ['reader', 'admin'],
      ['read', 'write', 'share', 'administer'],
    ],
  ])('%j: %j', (roles, actions) => {
    const all: Action[] = ['read', 'write', 'share', 'administer'];
    expect(all.filter((action) => roleAllows(somebody(...roles), action))).toEqual(actions);
  });

  it('is said when it is not enough', () => {
    expect(() => assertRole(somebody('reader'), 'write')).toThrow('it needs the role writer');
  });
});
