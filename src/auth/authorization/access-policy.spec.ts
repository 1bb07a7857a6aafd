import { describe, expect, it } from '@jest/globals';
import type { Access, AtomeAction, AtomeHeader, Principal } from '../../protocol/index.js';
import { AccessPolicy, type AccessPolicyOptions, type AuthorizeHook } from './access-policy.js';

const ACTIONS: readonly AtomeAction[] = ['read', 'write', 'share', 'administer'];
const person = (id: string, role: string, ...groups: string[]): Principal => ({
  id,
  tenant: 't',
  roles: [role],
  groups,
});
const atome = (access: Access = 'tenant', more: Partial<AtomeHeader> = {}): AtomeHeader => ({
  id: 'x',
  kind: 'note',
  type: null,
  parentId: null,
  ownerId: 'ann',
  ...(access !== 'tenant' && { access }),
  ...more,
});
const [ann, bob, cid, dee] = [
  person('ann', 'writer'),
  person('bob', 'writer', 'staff'),
  person('cid', 'reader', 'staff'),
  person('dee', 'admin'),
];

describe('the authority', () => {
  const errors: unknown[] = [];
  const make = (options: AccessPolicyOptions = {}): AccessPolicy =>
    new AccessPolicy(options, (error) => errors.push(error));
  const allowed = (who: Principal, what: AtomeHeader, options?: AccessPolicyOptions): string =>
    ACTIONS.filter((action) => make(options).isAllowed(who, action, what)).join(' ');

  it.each<[string, Principal, AtomeHeader, string]>([
    ['the owner of a private one', ann, atome('private'), 'read write share'],
    ['a stranger to a private one', bob, atome('private'), ''],
    ['an admin', dee, atome('private'), 'read write share administer'],
    ['a writer in an open one', bob, atome(), 'read write'],
    ['a reader in an open one', cid, atome(), 'read'],
    ['who is named to read', bob, atome({ read: ['bob'], write: [] }), 'read'],
    ['who is named to write', bob, atome({ read: [], write: ['bob'] }), 'read write'],
    ['a group that is named', bob, atome({ read: [], write: ['group:staff'] }), 'read write'],
    ['a reader whose group may write', cid, atome({ read: [], write: ['group:staff'] }), 'read'],
    ['everybody', bob, atome({ read: ['*'], write: [] }), 'read'],
    ['an owner who is a reader by now', { ...ann, roles: ['reader'] }, atome('private'), 'read'],
    ['an owner without a role', { ...ann, roles: [] }, atome(), ''],
    ['who inherits', bob, atome('tenant', { access: 'inherit', inherited: { read: ['bob'], write: [] } }), 'read'],
    ['who inherits nothing', bob, atome('tenant', { access: 'inherit', inherited: 'private' }), ''],
  ])('lets %s', (_who, who, what, expected) => {
    expect(allowed(who, what)).toBe(expected);
  });

  it.each<[string, Principal, string]>([
    ['out of the group', ann, ''],
    ['in the group', bob, 'read'],
    ['of the role', dee, 'read write share administer'],
  ])('binds owners, too, to the policy of a kind: %s', (_who, who, expected) => {
    const policies = { note: { read: ['group:staff'], write: ['role:admin'] } };
    expect(allowed(who, atome(), { policies })).toBe(expected);
  });

  it('takes a name such as role:admin for the role alone', () => {
    expect(allowed(person('role:admin', 'writer'), atome(), { policies: { note: { read: ['role:admin'] } } })).toBe('');
  });

  it.each<[string, AuthorizeHook, string]>([
    ['yes', () => true, 'read write share'],
    ['no', () => false, ''],
    ['nothing', () => undefined, 'read write'],
  ])('asks the application first, within the role: %s', (_word, authorize, expected) => {
    expect(allowed(bob, atome(), { authorize })).toBe(expected);
    expect(allowed({ ...bob, roles: [] }, atome(), { authorize })).toBe('');
  });

  it('takes a fault of the application, or a promise, for a no, and tells of it', () => {
    const fault = new Error('no idea');
    const fail = (): never => {
      throw fault;
    };
    expect(allowed(dee, atome(), { authorize: fail })).toBe('');
    expect(errors.splice(0)).toContain(fault);
    const later = (() => Promise.resolve(true)) as unknown as AuthorizeHook;
    expect(allowed(dee, atome(), { authorize: later })).toBe('');
    expect(errors.splice(0)).not.toEqual([]);
  });

  it('says the same of an atome that may not be read as of one that is not there', () => {
    expect(() => make().authorize(bob, 'write', atome('private'))).toThrow('there is no atome "x"');
    expect(() => make().authorize(bob, 'share', atome())).toThrow('only the owner');
    expect(() => make().authorize(cid, 'write', atome())).toThrow('needs the role writer');
  });

  it.each<[string, AccessPolicyOptions, AtomeHeader, boolean]>([
    ['an open one', {}, atome(), true],
    ['one for *', {}, atome({ read: [], write: ['*'] }), true],
    ['a private one', {}, atome('private'), false],
    ['a kind for some', { policies: { note: { read: ['group:x'] } } }, atome(), false],
    ['a kind for all who read', { policies: { note: { read: ['role:reader'] } } }, atome(), true],
    ['any, with a hook', { authorize: () => undefined }, atome(), false],
  ])('knows what everybody may read: %s', (_what, options, what, expected) => {
    expect(make(options).isOpen(what)).toBe(expected);
  });

  it('tells who could see an atome at some time', () => {
    const accessPolicy = make({ policies: { secret: { read: ['group:staff'] } } });
    expect(accessPolicy.couldEverRead(bob, { names: ['=bob'], kinds: ['note'] })).toBe(true);
    expect(accessPolicy.couldEverRead(bob, { names: ['bob'], kinds: ['note'] })).toBe(false);
    expect(accessPolicy.couldEverRead(ann, { names: ['*'], kinds: ['secret'] })).toBe(false);
    expect(accessPolicy.couldEverRead(ann, { names: ['*'], kinds: ['secret', 'note'] })).toBe(true);
    expect(accessPolicy.couldEverRead({ ...bob, roles: [] }, { names: ['*'], kinds: ['note'] })).toBe(false);
  });

  it('limits a query to what may be read', () => {
    const policies = { secret: { read: ['group:staff'] }, note: {} };
    expect(make({ policies }).visibilityFilterOf(ann)).toEqual({ names: ['=ann'], exceptKinds: ['secret'] });
    expect(make({ policies }).visibilityFilterOf(bob)).toEqual({ names: ['=bob', 'group:staff'], exceptKinds: [] });
    expect(make({ policies }).visibilityFilterOf(dee)).toBeUndefined();
    expect(make({ authorize: () => undefined }).visibilityFilterOf(dee)).toBe('per-row');
  });

  it('knows rights by who somebody is and by the policies, in whatever order they are said', () => {
    const all = [
      make().accessFingerprint(bob),
      make().accessFingerprint({ ...bob, groups: [] }),
      make().accessFingerprint({ ...bob, roles: ['admin'] }),
      make().accessFingerprint(cid),
      make({ policies: { note: { access: 'private' } } }).accessFingerprint(bob),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(make().accessFingerprint({ ...bob, roles: ['writer', 'reader'] })).toBe(
      make().accessFingerprint({ ...bob, roles: ['reader', 'writer'] }),
    );
  });

  it('does not start with policies that nobody can mean', () => {
    expect(() => make({ policies: { note: { access: 'public' as 'tenant' } } })).toThrow('the policy of "note"');
  });
});
