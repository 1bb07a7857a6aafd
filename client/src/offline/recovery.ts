import { SyncError } from '../core/errors.js';
import type { Checkpoint, PendingWrite, RejectedWrite, Store } from '../storage/store.js';
import type { Outbox } from './outbox.js';
import type { View } from './view.js';
import { timeOf } from './write-clock.js';

/** What is in memory while the store fails. */
export interface Held {
  readonly outbox: Outbox;
  readonly view: View;
  readonly rejected: ReadonlyMap<string, RejectedWrite>;
  readonly checkpoint: Checkpoint;
  readonly adopt: (write: PendingWrite) => void;
  readonly addRejected: (write: RejectedWrite) => void;
}

/**
 * Opens a store again. What it holds and nobody has seen joins what is held; all that is held goes into it.
 * @param gone opIds that have left outbox and inbox since it failed.
 * @returns the checkpoint.
 */
export async function recover(store: Store, held: Held, gone: ReadonlySet<string>): Promise<Checkpoint> {
  const { outbox, view, rejected, checkpoint } = held;
  const { place, ...found } = await store.open(checkpoint.owner);
  if (place?.owner !== checkpoint.owner) throw new SyncError('storage', OF_ANOTHER);
  for (const write of found.outbox) {
    if (isSound(write) && !gone.has(write.opId) && !outbox.has(write.opId)) held.adopt(write);
  }
  for (const write of found.rejected) if (!gone.has(write.operation.opId)) held.addRejected(write);
  // where less is known here than there, as when it could not be opened at first, that goes on
  const isMore = !checkpoint.cursor && place?.cursor;
  if (isMore) for await (const page of store.atomes()) for (const atome of page) view.confirm(atome.id, atome);
  const now = { ...checkpoint, ...(isMore && place) };
  const append = [...outbox.values()].map(({ write }) => write);
  const moved = { settle: [...gone], append, dismiss: [...gone], reject: [...rejected.values()], place: now };
  await store.commit([isMore ? moved : { clear: true, put: [...view.confirmed()], ...moved }]);
  append.forEach(outbox.isSaved);
  return now;
}

export const OF_ANOTHER = 'it is of another user or server';

/** Whether a record of the outbox is a write: nobody knows what becomes of a file in the hands of others. */
export function isSound({ opId, operation, atomeId }: PendingWrite): boolean {
  return [opId, operation, atomeId].every((part) => typeof part === 'string') && timeOf(opId) >= 0;
}

/** What becomes of one that is none. */
export const RUBBISH = {
  error: { code: 'invalid', message: 'this record of the local store is no write', status: 400, retryable: false },
  rejectedAt: '',
} as const;
