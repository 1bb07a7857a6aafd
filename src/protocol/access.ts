import type { Placement, Principal } from './atome.js';
import { AtomeError } from './errors.js';

/**
 * Who may see and alter an atome besides its owner and the admins of its tenant: everybody with the role for it,
 * nobody, or those who are named.
 */
export type Access = 'tenant' | 'private' | AccessLists;

/** Names are ids of principals, `group:<name>`, or `*` for everybody in the tenant. Who may write may also read. */
export interface AccessLists {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** As it is asked for: also as the parent has it. */
export type AskedAccess = Access | 'inherit';

/** The access of an atome; both are left out where everybody in the tenant may read and write it. */
export interface Rights {
  readonly access?: AskedAccess;
  /** What `inherit` comes to; there only with it, and resolved by the server. */
  readonly inherited?: Access;
}

/** What somebody wants to do with an atome. */
export type AtomeAction = 'read' | 'write' | 'share' | 'administer';

/** Everybody who could ever see an atome, as far as its own rights tell. */
export interface Audience {
  /** As in {@link AccessLists}, owners with {@link nameOf}; `*` alone for everybody. */
  readonly names: readonly string[];
  /** Every kind it has had. */
  readonly kinds: readonly string[];
}

/** Decides about atomes; the ledger and the feed are given one and know no more of it. May not throw. */
export interface AccessRules {
  mayDo(principal: Principal, action: AtomeAction, atome: Placement): boolean;
  /** Whether everybody who may read anything in the tenant may read it. */
  isOpen(atome: Placement): boolean;
  /** Whether somebody could see it at some time. */
  couldRead(principal: Principal, audience: Audience): boolean;
  /** What a new atome of a kind has when its creator says nothing; undefined: the tenant's. */
  defaultAccess(kind: string): AskedAccess | undefined;
}

/** For a ledger behind no door: everybody may do everything. */
export const OPEN_RULES: AccessRules = {
  mayDo: () => true,
  isOpen: () => true,
  couldRead: () => true,
  defaultAccess: () => undefined,
};

const EVERYBODY = '*';
const GROUP = 'group:';
/** Most entries of one list. */
export const MAX_ACCESS_ENTRIES = 100;
/** An entry of a list: the id of a principal, `group:` and a name, or `*`. */
export const ACCESS_ENTRY_PATTERN = /^(?:group:)?(?!group:$)[\x21-\x7e]{1,128}$/;
/** What a principal may not be called: an entry of that name would stand for others. */
export const isReservedName = (id: string): boolean => id === EVERYBODY || id.startsWith(GROUP);

/** What an atome's rights come to. */
export function effectiveAccess({ access, inherited }: Rights): Access {
  // what cannot be resolved is nobody's
  return access === 'inherit' ? (inherited ?? 'private') : (access ?? 'tenant');
}

/** What a child comes to have from a parent: whoever may read or write that one, its owner included. */
export function inheritedFrom(parent: Rights & { readonly ownerId: string }): Access {
  const access = effectiveAccess(parent);
  if (access === 'tenant') return access;
  const { read, write } = access === 'private' ? { read: [], write: [] } : access;
  const { ownerId } = parent;
  return { read, write: isReservedName(ownerId) || write.includes(ownerId) ? write : [...write, ownerId] };
}

/** As an atome keeps it: nothing where it is the tenant's. */
export function rightsOf({ access, inherited }: Rights): Rights {
  if (access === undefined || access === 'tenant') return {};
  return access === 'inherit' ? { access, inherited: inherited ?? 'private' } : { access };
}

/** Whether one of the names stands for a principal. What begins with `group:` is never the id of one. */
export function isNamed({ id, groups = [] }: Principal, names: readonly string[]): boolean {
  return names.some((name) =>
    name.startsWith(GROUP) ? groups.includes(name.slice(GROUP.length)) : name === EVERYBODY || name === id,
  );
}

/** Names that tell ids from groups also where an id looks like one, for an index of readers. */
export function namesOf({ id, groups = [] }: Principal): string[] {
  return [`=${id}`, ...groups.map((group) => GROUP + group)];
}

/** Who may read by an atome's rights alone, as {@link namesOf} names them; undefined for everybody. */
export function readersOf(atome: Rights & { readonly ownerId: string }): string[] | undefined {
  const access = effectiveAccess(atome);
  if (access === 'tenant') return undefined;
  const { read, write } = access === 'private' ? { read: [], write: [] } : access;
  const names = [...read, ...write];
  if (names.includes(EVERYBODY)) return undefined;
  return [...new Set([`=${atome.ownerId}`, ...names.map((name) => (name.startsWith(GROUP) ? name : `=${name}`))])];
}

/**
 * Refuses what somebody may not do with an atome.
 * @throws AtomeError `forbidden`; for one that may not even be read `not_found`, as for an id that there is not.
 */
export function requireMay(rules: AccessRules, principal: Principal, action: AtomeAction, atome: Placement): void {
  if (!rules.mayDo(principal, 'read', atome)) throw new AtomeError('not_found', `there is no atome "${atome.id}"`);
  if (rules.mayDo(principal, action, atome)) return;
  throw new AtomeError(
    'forbidden',
    action === 'share'
      ? `only the owner of the atome "${atome.id}" and admins may change who sees it`
      : `you may see the atome "${atome.id}", but not ${action} it; ask its owner to share it with you`,
  );
}
