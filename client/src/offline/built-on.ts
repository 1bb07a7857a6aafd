import type { PendingWrite } from '../storage/store.js';

/** A write and, where it is a `create`, those of the given ones that need what it makes, in their order. */
export function builtOn(first: PendingWrite, writes: readonly PendingWrite[]): PendingWrite[] {
  const made = new Set<string | null | undefined>();
  return writes.filter((write) => {
    const { atomeId, parentId, operation } = write;
    const needs = write === first || made.has(atomeId) || made.has(parentId);
    if (needs && operation === 'create') made.add(atomeId);
    return needs;
  });
}
