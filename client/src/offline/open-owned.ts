import { SyncError } from '../core/errors.js';
import type { Checkpoint, Contents, Store } from '../storage/store.js';

const OF_ANOTHER = 'it is of another user or server';

/** Whose the data is; with `sure`, by the server's own word where there is a token. */
export type Whose = (sure: boolean) => Promise<string>;

/**
 * Opens the store of whoever it is. Nothing is shown of what is somebody else's, nor of what nobody has claimed before
 * the server has said who we are.
 * @param met is called with the checkpoint, also before the store was opened.
 */
export async function openOwned(
  store: Store,
  whose: Whose,
  met: (checkpoint: Partial<Checkpoint>) => Checkpoint,
): Promise<Contents> {
  const owner = await whose(false);
  met({ owner });
  let contents = await store.open(owner);
  if (contents.place?.owner === undefined && (contents.place || contents.outbox.length + contents.rejected.length)) {
    await whose(true);
    // somebody in another tab may have waited for the same: only one of the two finds it unclaimed
    await store.close();
    contents = await store.open(owner, true);
  }
  const { place: found } = contents;
  if ((found?.owner ?? owner) !== owner) throw new SyncError('storage', OF_ANOTHER);
  const place = met({ ...found, owner });
  if (!found?.owner) await store.commit([{ place }]);
  return contents;
}
