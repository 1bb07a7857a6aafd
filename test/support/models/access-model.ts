import type { Policies } from '../../../src/auth/authorization/kind-policies.js';
import type { AccessLists, Atome } from '../../../src/protocol/index.js';

/* Who may read what, said once more in the simplest way: the parent is asked at the time of reading. */

export interface Subject {
  readonly id: string;
  readonly role: string;
  readonly groups: readonly string[];
}

export type Seen = Pick<Atome, 'id' | 'kind' | 'ownerId' | 'parentId' | 'access' | 'deletedAt'>;

/** `secret` is for one group, and `draft` is private unless its creator says otherwise. */
export const POLICIES: Policies = {
  secret: { read: ['group:g1', 'role:admin'] },
  draft: { access: 'private' },
};

export function mayRead(who: Subject, atome: Seen, all: readonly Seen[]): boolean {
  if (who.role === 'admin') return true;
  if (atome.kind === 'secret' && !who.groups.includes('g1')) return false;
  return isNamed(who, atome, all);
}

function isNamed(who: Subject, { ownerId, parentId, access = 'tenant' }: Seen, all: readonly Seen[]): boolean {
  if (ownerId === who.id || access === 'tenant') return true;
  if (access === 'private') return false;
  if (access === 'inherit')
    return isNamed(
      who,
      all.find(({ id }) => id === parentId)!,
      all,
    );
  const { read, write }: AccessLists = access;
  const names = [who.id, ...who.groups.map((group) => `group:${group}`)];
  return [...read, ...write].some((name) => names.includes(name));
}
