import { SyncError } from '../../core/errors.js';
import { createTimer, inTime } from '../../core/timer.js';
import { KEYS } from './orders.js';
import { finished, isUnreadable, result, storageError } from './requests.js';
import type { Format, Checkpoint } from '../store.js';

/** The object stores: the tables, and the log through which other tabs learn of commits. */
export const STORES = ['atomes', 'outbox', 'rejected', 'place', 'log'] as const;

const KEY_PATHS: Record<(typeof STORES)[number], string | null> = {
  atomes: 'id',
  outbox: 'opId',
  rejected: 'operation.opId',
  place: null,
  log: null,
};

/** How long another tab may keep an older version open after it was asked to close, and the browser may say nothing. */
const PATIENCE_MS = 5_000;
/** Databases that are tried before the storage itself is taken for broken. */
const ATTEMPTS = 3;

/** An open database, and the name of the one that could not be read, if that was set aside just now. */
export interface Opened {
  readonly db: IDBDatabase;
  readonly setAside?: string;
  /** Databases that were set aside before, and that may be readable by now: a newer version may have filled them. */
  readonly older: readonly string[];
}

/**
 * Opens the newest of `name`, `name~1`, `name~2` …; IndexedDB cannot rename, so what cannot be read stays where it
 * is, and the next name begins empty. Where the data there is of another owner, the name with the owner's is the one;
 * a tilde in it is doubled, so that the name of no owner is that of what was set aside of another.
 * @param claim what nobody has claimed becomes the owner's.
 * @throws SyncError `storage` when the browser lets nothing be kept.
 */
export async function openDatabase(name: string, format: Format, owner?: string, claim?: boolean): Promise<Opened> {
  let setAside: string | undefined;
  const generations = await generationsOf(name);
  const first = Math.max(0, ...generations);
  const nameOf = (generation: number): string => (generation === 0 ? name : `${name}~${generation}`);
  const older = generations.filter((each) => each < first).map(nameOf);
  for (let generation = first; ; generation += 1) {
    const current = nameOf(generation);
    try {
      const { db, fresh } = await open(current, format, owner);
      if (owner !== undefined && ((await ownerOf(db, claim ? owner : undefined)) ?? owner) !== owner) {
        db.close();
        const own = await openDatabase(`${name}:${owner.replaceAll('~', '~~')}`, format, owner, claim);
        return { ...own, older: [...older, ...own.older] };
      }
      return { db, older, ...(fresh && setAside !== undefined && { setAside }) };
    } catch (thrown) {
      const error = storageError(thrown);
      if (!isUnreadable(error) || generation === first + ATTEMPTS - 1) throw error;
      setAside = current;
    }
  }
}

/** Opens one that was set aside; undefined where it is not this owner's, or still cannot be read. */
export async function openOlder(name: string, format: Format, owner?: string): Promise<IDBDatabase | undefined> {
  const found = await open(name, format, owner).catch(() => undefined);
  if (found && (await ownerOf(found.db)) === owner) return found.db;
  found?.db.close();
  return undefined;
}

/** @param claimant becomes the owner where there is none, in the transaction that has seen so. */
async function ownerOf(db: IDBDatabase, claimant?: string): Promise<string | undefined> {
  const transaction = db.transaction('place', claimant === undefined ? 'readonly' : 'readwrite');
  const places = transaction.objectStore('place');
  const place = await result<Partial<Checkpoint> | undefined>(places.get(0));
  if (place?.owner !== undefined || claimant === undefined) return place?.owner;
  places.put({ ...place, owner: claimant }, 0);
  await finished(transaction);
  return claimant;
}

async function generationsOf(name: string): Promise<number[]> {
  // Firefox before 126 cannot list them: there, what was set aside is met again at each start, and passed by.
  const all = (await inTime((indexedDB as Partial<IDBFactory>).databases?.(), PATIENCE_MS)) ?? [];
  const prefix = `${name}~`;
  const generations = all.map((each) => {
    if (each.name === name) return 0;
    return each.name?.startsWith(prefix) ? Number(each.name.slice(prefix.length)) : NaN;
  });
  return generations.filter(Number.isInteger);
}

async function open(name: string, format: Format, owner?: string): Promise<{ db: IDBDatabase; fresh: boolean }> {
  // before the upgrade, which waits for nothing; as long as a format has no migrations, no page loads what runs them
  const { migrateAll } = format.migrations.length ? await import('./migrate-records.js') : {};
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, format.version);
    let fresh = false;
    let failure: unknown;
    const silent = 'The browser does not open the local store: restart it';
    const timer = createTimer();
    timer.start(PATIENCE_MS, () => fail(new SyncError('timeout', silent)));
    request.onupgradeneeded = ({ oldVersion }) => {
      // bringing data forward may take its time
      timer.stop();
      if (failure !== undefined) return request.transaction!.abort();
      fresh = oldVersion === 0;
      if (fresh) create(request.result, owner);
      else migrateAll?.(request.transaction!, format, oldVersion, (error) => (failure ??= error));
    };
    request.onblocked = () => {
      const message = 'Another tab holds an older version of the local store: close it, and reload this page';
      timer.start(PATIENCE_MS, () => fail(new SyncError('outdated', message)));
    };
    request.onerror = () => fail(failure ?? request.error);
    request.onsuccess = () => {
      const db = request.result;
      // it may come after all, when nobody waits any more
      if (failure !== undefined) return db.close();
      timer.stop();
      if (STORES.every((store) => db.objectStoreNames.contains(store))) return resolve({ db, fresh });
      db.close();
      fail(new SyncError('storage', `The database ${name} lacks parts`));
    };

    function fail(error: unknown): void {
      timer.stop();
      failure ??= error;
      reject(storageError(error));
    }
  });
}

function create(db: IDBDatabase, owner?: string): void {
  const [atomes, , , place] = STORES.map((name) =>
    db.createObjectStore(name, { keyPath: KEY_PATHS[name], autoIncrement: name === 'log' }),
  );
  atomes!.createIndex(KEYS, KEYS, { multiEntry: true });
  // no moment in between, in which another tab could take it for its own
  if (owner !== undefined) place!.put({ owner }, 0);
}
