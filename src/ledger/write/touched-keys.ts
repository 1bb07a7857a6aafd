import type { AccessRules } from '../../protocol/index.js';
import { headerOf } from '../access-columns.js';
import type { AtomeHeaderRow } from '../rows.js';
import type { TouchedKeys, WriteName } from '../store.js';
import type { WriteRequest } from './decide-write.js';
import { countedAmong, inherits, parentAfter, parentsAmong } from './touched-descendants.js';

/** Everything that the writes of a group need to know. */
export function touchedKeysOf(
  requests: readonly WriteRequest[],
  rules: AccessRules,
  documentBytes: number,
): TouchedKeys {
  const atomeIds = new Set<string>();
  const ops: WriteName[] = [];
  const createIds = new Set<string>();
  let [isShared, mayInherit] = [false, false];
  for (const { mutation, restored, origin } of requests) {
    const { atomeId, opId, operation } = mutation;
    atomeIds.add(atomeId);
    if (opId !== null) ops.push({ opId, author: origin.principal.id });
    if (operation === 'create') createIds.add(atomeId);
    const parentId = parentAfter(mutation, restored);
    if (parentId != null) atomeIds.add(parentId);
    const isMove = operation !== 'create' && parentId != null;
    isShared ||= operation === 'share';
    mayInherit ||= isMove || inherits(mutation, rules);
  }
  return {
    atomeIds: [...atomeIds],
    ops,
    createIds: [...createIds],
    documentBytes,
    isWanted: (row) => isReadBy(requests, rules, row),
    // what inherits is judged by what is above it, which the group itself may change
    ...((isShared || mayInherit) && {
      needsAncestors: true,
      parentsAmong: (rows) => parentsAmong(requests, rules, rows),
      countedAmong: (rows) => countedAmong(requests, rules, rows),
    }),
  };
}

/** Whether one of the writes is about an atome and may read it; the others need its header only. */
function isReadBy(requests: readonly WriteRequest[], rules: AccessRules, row: AtomeHeaderRow): boolean {
  const header = headerOf(row);
  return requests.some(
    ({ mutation, origin }) => mutation.atomeId === row.id && rules.isAllowed(origin.principal, 'read', header),
  );
}
