import type { Client, Written } from './api.js';
import type { NewWrite, Write } from './new-write.js';
import type { Replica } from './replica.js';

/** Sends a refused write again, and what was refused with it; undefined where there is none. */
export type Retry = (...retried: Parameters<Client['retry']>) => Promise<Written> | undefined;

/**
 * Makes what sends refused writes again.
 * @param check throws for what is no write.
 */
export function createRetry(
  replica: Pick<Replica, 'rejected'>,
  write: Write,
  check: (fields: NewWrite) => void,
): Retry {
  /** What has become of refused writes that came back, by themselves or with another one, for whoever retries each. */
  const brought = new Map<string, Promise<Written>>();

  /** Notes what comes back, until it does not. */
  function note(opId: string, back: Promise<Written>): Promise<Written> {
    brought.set(opId, back);
    back.catch(() => brought.delete(opId));
    return back;
  }

  return (opId, edit) => {
    // before its commit it is still among the rejected
    const back = brought.get(opId);
    if (back) return back;
    const found = replica.rejected.get(opId);
    if (!found) return undefined;
    const { operation } = found;
    const again = { ...operation, ...edit };
    check(again);
    const written = note(opId, write(again, {}, [opId]));
    const moved = (id: string | null | undefined): never => (id === operation.atomeId ? again.atomeId : id) as never;
    // what was refused because it needs this comes back behind it, to wherever it is now
    for (const { operation: each, error } of replica.rejected.values()) {
      if (error.details?.create !== opId || brought.has(each.opId)) continue;
      const [atomeId, parentId] = [moved(each.atomeId), moved(each.parentId)];
      void note(each.opId, write({ ...each, atomeId, parentId }, {}, [each.opId]));
    }
    return written;
  };
}
