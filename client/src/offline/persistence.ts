import { SyncError, toError } from '../core/errors.js';
import { NO_STORE } from '../storage/no-store.js';
import type { Changes, Store } from '../storage/store.js';

/** Whom a persistence works for. */
export interface PersistencePort {
  /** The store is ready for commits. */
  readonly opened: Promise<void>;
  readonly failed: (error: Error) => void;
}

/**
 * The store behind a replica. Changes that come while it is busy go into its next transaction together. One that fails
 * is given up: what is in memory goes on without it. Not so one that a newer version has taken over: there the pending
 * writes are safe, and here they would not be.
 */
export interface Persistence {
  /** The one that is used now. */
  readonly store: Store;
  /** False once the store was given up: what is kept from then on ends with the client. */
  readonly durable: boolean;
  /** The changes that are not in it yet. */
  unsaved(): readonly Changes[];
  /** @returns a promise of their being durable, which rejects as {@link guard} does. */
  save(changes: Changes): Promise<void>;
  /** Does something with the store. Rejects with `outdated` alone, and when the client was closed meanwhile. */
  guard(work: () => Promise<void>): Promise<void>;
  /** Hears what other instances commit. */
  observe(listener: (changes: readonly Changes[]) => void): void;
  /** Hears no other instances any more, and takes a store that fails from here on for closed. */
  leave(): void;
  /** Keeps what is on its way and closes the store. */
  close(): Promise<void>;
}

/** Makes the persistence of one client. */
export function createPersistence(given: Store, { opened, failed }: PersistencePort): Persistence {
  let store = given;
  let batch: Changes[] = [];
  let underWay: readonly Changes[] = [];
  let saving: Promise<void> | undefined;
  let tail = opened;
  let unbind: (() => void) | undefined;
  let closed = false;

  async function flush(): Promise<void> {
    underWay = batch;
    batch = [];
    saving = undefined;
    await guard(() => store.commit(underWay));
    underWay = [];
  }

  async function guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (closed) throw thrown;
      const error = toError(thrown);
      if ((error as Partial<SyncError>).code === 'outdated') {
        failed(error);
        throw error;
      }
      unbind?.();
      void store.close().catch(() => undefined);
      store = NO_STORE;
      const text = `the local store failed (${error.message}); what is not sent before the next start is lost`;
      failed(new SyncError('storage', text, { cause: thrown }));
    }
  }

  return {
    get store() {
      return store;
    },
    get durable() {
      return store === given;
    },
    unsaved: () => [...underWay, ...batch],
    save(changes) {
      batch.push(changes);
      const kept = (saving ??= tail = tail.then(flush));
      kept.catch(() => undefined);
      return kept;
    },
    guard,
    observe(listener) {
      unbind = store.observe?.(listener);
    },
    leave() {
      closed = true;
      unbind?.();
    },
    async close() {
      await Promise.allSettled([tail]);
      await store.close().catch((thrown: unknown) => failed(toError(thrown)));
    },
  };
}
