import type { Changes, Checkpoint, PendingWrite, RejectedWrite, Store } from '../storage/store.js';
import { openOwned } from './open-owned.js';
import type { Outbox } from './outbox.js';
import type { Missed } from './missed.js';
import { isSound } from './sound-write.js';
import type { View } from './view.js';

/** What is in memory while the store fails. */
export interface Held {
  readonly outbox: Outbox;
  readonly view: View;
  readonly rejected: ReadonlyMap<string, RejectedWrite>;
  readonly checkpoint: Checkpoint;
  readonly adopt: (write: PendingWrite) => void;
  /** Changes what is held, and shows that: what a query begins with is what was shown. */
  readonly take: (changes: Changes) => void;
}

/**
 * Opens a store again. What it holds and nobody has seen joins what is held, what another tab has taken out of it
 * leaves that; what it has missed until it is open goes into it.
 * @returns the checkpoint, where the store's own goes on.
 */
export async function recover(store: Store, held: Held, missed: () => Missed): Promise<Checkpoint | undefined> {
  const { outbox, view, rejected, checkpoint } = held;
  const { place, ...found } = await openOwned(
    store,
    // what nobody has claimed waits for the next start
    (sure) => (sure ? Promise.reject(new Error()) : Promise.resolve(checkpoint.owner!)),
    (met) => met as Checkpoint,
  );
  const { gone, come } = missed();
  // where it is a new one, it has missed all
  const isMissed = (opId: string): boolean => place?.subscription === undefined || come.has(opId);
  const taken = (ids: Iterable<string>, left: readonly PendingWrite[]): string[] => {
    const there = new Set(left.map(({ opId }) => opId));
    return [...ids].filter((opId) => !isMissed(opId) && !there.has(opId));
  };
  held.take({
    settle: taken(outbox.keys(), found.outbox),
    dismiss: taken(
      rejected.keys(),
      found.rejected.map(({ operation }) => operation),
    ),
    reject: found.rejected.filter(({ operation }) => !gone.has(operation.opId)),
  });
  for (const write of found.outbox) {
    if (isSound(write) && !gone.has(write.opId) && !outbox.has(write.opId)) held.adopt(write);
  }
  // where less is known here than there, as when it could not be opened at first, that goes on
  const isMore = !checkpoint.cursor && place?.cursor;
  if (isMore) for await (const put of store.atomes()) held.take({ put });
  const now = { ...checkpoint, ...(isMore && place) };
  const append = [...outbox.values()].map(({ write }) => write).filter(({ opId }) => isMissed(opId));
  const reject = [...rejected.values()].filter(({ operation }) => isMissed(operation.opId));
  // in two, since a store takes none with a checkpoint where another tab has moved that meanwhile
  await store.commit([
    { settle: [...gone], append, dismiss: [...gone], reject },
    isMore ? { place: now } : { clear: true, put: [...view.confirmed.values()], place: now },
  ]);
  append.forEach(outbox.isSaved);
  return isMore ? now : undefined;
}
