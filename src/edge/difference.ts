import {
  contentOf,
  equalJson,
  fold,
  isRedacted,
  normalizedRights,
  sameRights,
  type AlterationBody,
  type AtomeState,
  type Change,
  type Content,
} from '../protocol/index.js';

/** What leads from one state to another: at most three ordinary changes. Version and times are not looked at. */
export function difference(present: AtomeState | null, shown: AtomeState | 'erased' | null): Change[] {
  if (shown === 'erased') return present && !isRedacted(present) ? [REDACT] : [];
  if (!shown) return present?.deletedAt === null ? [DELETE] : [];
  if (present && isRedacted(present)) return [];
  const isGone = shown.deletedAt !== null;
  // what nobody sees need not be alike
  if (isGone && present) return present.deletedAt === null ? [DELETE] : [];
  const rights = normalizedRights(shown);
  if (present?.ownerId !== shown.ownerId) {
    const create = { operation: 'create', changes: { ...contentOf(shown), ...rights } } as const;
    return isGone ? [create, DELETE] : [create];
  }
  const changes = present.deletedAt === null ? replaced(present, shown) : [restored(present, shown)];
  if (sameRights(present, shown)) return changes;
  return [...changes, { operation: 'share', changes: { access: 'tenant', ...rights } }];
}

/** Whether an alteration leads from one state to another. */
export function leadsTo(present: AtomeState | null, alteration: AlterationBody, shown: AtomeState): boolean {
  if ((present === null) !== (alteration.operation === 'create')) return false;
  try {
    return difference(fold(present, alteration), shown).length === 0;
  } catch {
    return false;
  }
}

/** What stays is found where it is written. */
const REDACT = { operation: 'redact', changes: {} } as unknown as Change;
const DELETE: Change = { operation: 'delete', changes: {} };

function replaced(present: AtomeState, shown: AtomeState): Change[] {
  const [before, after] = [contentOf(present), contentOf(shown)];
  const parts = (Object.keys(after) as (keyof Content)[]).filter((part) => !equalJson(before[part], after[part]));
  if (parts.length === 0) return [];
  return [{ operation: 'replace', changes: Object.fromEntries(parts.map((part) => [part, after[part]])) }];
}

function restored({ version }: AtomeState, shown: AtomeState): Change {
  return { operation: 'restore', changes: { version, ...contentOf(shown) } };
}
