import { OPERATION_TRAITS, type JudgedHeader, type Mutation } from '../../protocol/index.js';
import { narrows, rightsNow } from './access-inheritance.js';

/*
 * What no quota refuses, and nothing that others of the tenant do: what makes room, and what takes rights away. Both add to the
 * ledger too, but have an end.
 */

/** A deletion makes room, though it is noted too; and all rights can be taken away without any. */
export function freesSpace({ operation, changes }: Pick<Mutation, 'operation' | 'changes'>): boolean {
  const access = 'access' in changes ? changes.access : undefined;
  return OPERATION_TRAITS[operation].freesSpace || (operation === 'share' && access === 'private');
}

/** All that a change of place says. */
const PLACE = new Set(['parentId', 'inherited']);

/** Whether a write may be one of these, before it is known what it meets. */
export function mayBeAlwaysAllowed(mutation: Pick<Mutation, 'operation' | 'changes'>): boolean {
  return freesSpace(mutation) || isAboutRights(mutation);
}

function isAboutRights({ operation, changes }: Pick<Mutation, 'operation' | 'changes'>): boolean {
  return operation === 'share' || (operation === 'replace' && Object.keys(changes).every((key) => PLACE.has(key)));
}

/** Whether a write does nothing but take rights away: some may do less by then, and nobody more. */
export function takesRights(
  mutation: Pick<Mutation, 'operation' | 'changes'>,
  before: JudgedHeader,
  after: JudgedHeader,
): boolean {
  if (!isAboutRights(mutation)) return false;
  const [old, now] = [rightsNow(before), rightsNow(after)];
  return narrows(old, now) && !narrows(now, old);
}
