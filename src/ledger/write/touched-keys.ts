import type { AccessRules, Mutation } from '../../protocol/index.js';
import { headerOf } from '../access-columns.js';
import type { AtomeHeaderRow } from '../rows.js';
import type { InheritanceRoots, TouchedKeys, WriteName } from '../store.js';
import type { WriteRequest } from './decide-write.js';

/** Everything that the writes of a group need to know. */
export function touchedKeysOf(requests: readonly WriteRequest[], rules: AccessRules): TouchedKeys {
  const atomeIds = new Set<string>();
  const ops: WriteName[] = [];
  const createIds = new Set<string>();
  const shared = new Set<string>();
  const moved = new Set<string>();
  const [parents, children] = [new Set<string>(), new Set<string>()];
  for (const { mutation, restored, origin } of requests) {
    const { atomeId, opId, operation } = mutation;
    atomeIds.add(atomeId);
    if (opId !== null) ops.push({ opId, author: origin.principal.id });
    if (operation === 'create') createIds.add(atomeId);
    if (operation === 'share') shared.add(atomeId);
    const parentId = parentAfter(mutation, restored);
    if (parentId != null) atomeIds.add(parentId);
    if (operation !== 'create' && parentId !== undefined) moved.add(atomeId);
    if (inherits(mutation, rules)) (parentId == null ? children : parents).add(parentId ?? atomeId);
    else if (operation !== 'create' && parentId != null) parents.add(parentId);
  }
  const inheritanceRoots: InheritanceRoots = { shared: [...shared], moved: [...moved] };
  return {
    atomeIds: [...atomeIds],
    ops,
    createIds: [...createIds],
    isWanted: (row) => isReadBy(requests, rules, row),
    isSingle: requests.length === 1,
    ...((parents.size > 0 || children.size > 0) && { adopting: { parents: [...parents], children: [...children] } }),
    ...((shared.size > 0 || moved.size > 0) && { inheritanceRoots }),
  };
}

/** Whether a write asks for the access of the parent. */
function inherits({ operation, changes }: Mutation, rules: AccessRules): boolean {
  if (operation === 'create') return (changes.access ?? rules.defaultAccess(changes.kind)) === 'inherit';
  return operation === 'share' && changes.access === 'inherit';
}

/** Whether one of the writes is about an atome and may read it; the others need its header only. */
function isReadBy(requests: readonly WriteRequest[], rules: AccessRules, row: AtomeHeaderRow): boolean {
  const header = headerOf(row);
  return requests.some(
    ({ mutation, origin }) => mutation.atomeId === row.id && rules.isAllowed(origin.principal, 'read', header),
  );
}

/** The parent that a write gives; undefined when it leaves the atome where it is. */
function parentAfter(mutation: Mutation, restored: WriteRequest['restored']): string | null | undefined {
  if (mutation.operation === 'create' || mutation.operation === 'replace') return mutation.changes.parentId;
  return restored && 'parentId' in restored ? restored.parentId : undefined;
}
