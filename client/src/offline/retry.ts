import type { Client, Written } from './api.js';
import { SyncError } from '../core/errors.js';
import type { NewWrite, Write } from './new-write.js';
import type { Replica } from './replica.js';

/**
 * Makes what sends a refused write again, and what was refused with it.
 * @param check throws for what is no write.
 */
export function createRetry(
  replica: Pick<Replica, 'opened' | 'rejected'>,
  write: Write,
  check: (fields: NewWrite) => void,
): Client['retry'] {
  /** What has become of refused writes that came back, by themselves or with another one, for whoever retries each. */
  const brought = new Map<string, Promise<Written>>();

  /** Sends one again, and notes that, unless nothing comes of it. */
  function bring(opId: string, fields: NewWrite): Promise<Written> {
    const back = write(fields, {}, [opId]);
    brought.set(opId, back);
    back.catch(() => brought.delete(opId));
    return back;
  }

  return async (opId, edit) => {
    await replica.opened;
    // before its commit it is still among the rejected
    const back = brought.get(opId);
    if (back) return back;
    const found = replica.rejected.get(opId);
    if (!found) throw new SyncError('not_found', `rejected() has no "${opId}"`);
    const { operation } = found;
    const again = { ...operation, ...edit };
    check(again);
    const written = bring(opId, again);
    const moved = (id: string | null | undefined): never => (id === operation.atomeId ? again.atomeId : id) as never;
    // what was refused because it needs this comes back behind it, to wherever it is now
    for (const { operation: each, error } of replica.rejected.values()) {
      if (error.details?.create !== opId || brought.has(each.opId)) continue;
      void bring(each.opId, { ...each, atomeId: moved(each.atomeId), parentId: moved(each.parentId) });
    }
    return written;
  };
}
