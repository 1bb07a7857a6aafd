import { equalJson } from './json.js';
import type { Principal } from './principal.js';

/**
 * Who may see and alter an atome besides its owner and the admins of its tenant: everybody with the role for it,
 * nobody, or those who are named.
 */
export type Access = 'tenant' | 'private' | AccessLists;

/** Names are ids of principals, `group:<name>`, or `*` for everybody in the tenant. Who may write may also read. */
export interface AccessLists {
  /** Who may read; at most 100 names. */
  readonly read: readonly string[];
  /** Who may read and write; at most 100 names. */
  readonly write: readonly string[];
}

/** As it is asked for: also as the parent has it. */
export type AskedAccess = Access | 'inherit';

/** The access of an atome; both are left out where everybody in the tenant may read and write it. */
export interface Rights {
  /** As it was asked for by `create` or `share`; left out: `tenant`. */
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
export function normalizedRights({ access, inherited }: Rights): Rights {
  if (access === undefined || access === 'tenant') return {};
  return access === 'inherit' ? { access, inherited: inherited ?? 'private' } : { access };
}

/** Whether two atomes say the same of who may do what. */
export function sameRights(one: Rights, other: Rights): boolean {
  const inherits = one.access === 'inherit';
  if (inherits !== (other.access === 'inherit')) return false;
  return equalJson(effectiveAccess(one), effectiveAccess(other));
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
