import type { AccessRules } from '../../protocol/index.js';
import { headerOf } from '../access-columns.js';
import type { AtomeHeaderRow } from '../rows.js';
import type { TouchedKeys, WriteName } from '../store.js';
import type { WriteRequest } from './decide-write.js';
import { adoptersAmong, inherits, parentAfter, rootsAmong } from './touched-heirs.js';

/** Everything that the writes of a group need to know. */
export function touchedKeysOf(requests: readonly WriteRequest[], rules: AccessRules): TouchedKeys {
  const atomeIds = new Set<string>();
  const ops: WriteName[] = [];
  const createIds = new Set<string>();
  let [mayPassOn, mayAdopt] = [false, false];
  for (const { mutation, restored, origin } of requests) {
    const { atomeId, opId, operation } = mutation;
    atomeIds.add(atomeId);
    if (opId !== null) ops.push({ opId, author: origin.principal.id });
    if (operation === 'create') createIds.add(atomeId);
    const parentId = parentAfter(mutation, restored);
    if (parentId != null) atomeIds.add(parentId);
    const isMove = operation !== 'create' && parentId != null;
    mayPassOn ||= operation === 'share' || isMove;
    mayAdopt ||= isMove || inherits(mutation, rules);
  }
  return {
    atomeIds: [...atomeIds],
    ops,
    createIds: [...createIds],
    isWanted: (row) => isReadBy(requests, rules, row),
    isSingle: requests.length === 1,
    ...(mayPassOn && { rootsAmong: (rows) => rootsAmong(requests, rules, rows) }),
    ...(mayAdopt && { adoptersAmong: (rows) => adoptersAmong(requests, rules, rows) }),
  };
}

/** Whether one of the writes is about an atome and may read it; the others need its header only. */
function isReadBy(requests: readonly WriteRequest[], rules: AccessRules, row: AtomeHeaderRow): boolean {
  const header = headerOf(row);
  return requests.some(
    ({ mutation, origin }) => mutation.atomeId === row.id && rules.isAllowed(origin.principal, 'read', header),
  );
}
