import { SyncError, toError } from '../core/errors.js';
import { NO_STORE } from '../storage/no-store.js';
import type { Changes, Store } from '../storage/store.js';
import type { createReopening, Mending, Reopening, ReopeningPort } from './reopening.js';

/** Whom a persistence works for. */
export interface PersistencePort {
  /** The store is ready for commits. */
  readonly opened: Promise<void>;
  readonly mending: Mending;
  readonly failed: (error: Error) => void;
  readonly held: ReopeningPort['held'];
  readonly recovered: ReopeningPort['back'];
  /** Other instances have committed these. */
  readonly heard: (changes: readonly Changes[]) => void;
}

/**
 * The store behind a replica. Changes that come while it is busy go into its next transaction together. Where one fails,
 * what is in memory goes on without it, and goes into it when it can be opened again. Not so one that a newer version
 * has taken over: there the pending writes are safe, and here they would not be.
 */
export interface Persistence {
  /** The one that is used now. */
  readonly store: Store;
  /** Why what is kept ends with the client just now; undefined where it does not. */
  readonly failure: string | undefined;
  /**
   * The changes that are not in it yet.
   * @param moved another instance has moved the checkpoint: what leads from where it was is not kept any more, but what
   * it has shown to have become of own writes.
   */
  unsaved(moved: boolean): readonly Changes[];
  /** @returns a promise of their being durable, which rejects as {@link guard} does. */
  save(changes: Changes): Promise<void>;
  /** Does something with the store. Rejects with `outdated` alone, and when the client was closed meanwhile. */
  guard(work: () => Promise<void>): Promise<void>;
  /** Hears what other instances commit, from here on. */
  observe(): void;
  /** Hears no other instances any more, and takes a store that fails from here on for closed. */
  leave(): void;
  /** Keeps what is on its way and closes the store. */
  close(): Promise<void>;
}

/** From how many atomes on a transaction takes no further changes, so that to begin it takes no time. */
const MOST = 250;

/** Makes the persistence of one client. */
export function createPersistence(given: Store, port: PersistencePort): Persistence {
  let store = given;
  /** What is being committed, and what waits: each is one transaction. */
  let [underWay, waiting]: [readonly Changes[], Changes[][]] = [[], []];
  let atomes = 0;
  let saving: Promise<void> | undefined;
  let tail = port.opened;
  let unbind: (() => void) | undefined;
  let [closed, failure]: [boolean, string | undefined] = [false, undefined];
  /** What outbox and inbox have come to since it failed. */
  const missed: Changes[] = [];
  const reopening = reopeningOf(port.mending, given, missed, {
    ...port,
    enqueue: (work) => void (tail = tail.then(work)),
    back(checkpoint) {
      [store, failure] = [given, undefined];
      observe();
      port.recovered(checkpoint);
    },
  });

  async function flush(): Promise<void> {
    underWay = waiting.shift()!;
    if (waiting.length === 0) saving = undefined;
    await guard(() => store.commit(underWay));
    if (failure !== undefined) missed.push(...underWay.map(ownOf));
    underWay = [];
  }

  async function guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (closed) throw thrown;
      const error = toError(thrown);
      const { code = 'storage' } = error as Partial<SyncError>;
      if (code === 'outdated') port.failed(error);
      // what the server says of who we are is no fault of the store
      if (!/^storage|^timeout/.test(code)) throw error;
      unbind?.();
      void store.close().catch(() => undefined);
      [store, failure] = [NO_STORE, error.message];
      const text = `the local store fails: ${failure}`;
      port.failed(new SyncError('storage', text, { cause: thrown }));
      reopening.begin();
    }
  }

  function observe(): void {
    unbind = store.observe?.(port.heard, (error) => void guard(() => Promise.reject(error)).catch(() => undefined));
  }

  return {
    get store() {
      return store;
    },
    get failure() {
      return failure;
    },
    unsaved(moved) {
      if (moved) {
        // the store itself leaves out alike what is on its way
        underWay = underWay.filter(({ place }) => !place);
        waiting = waiting.map((each) => each.map(ownOf));
      }
      return [underWay, ...waiting].flat();
    },
    save(changes) {
      if (!saving || atomes > MOST) {
        atomes = 0;
        waiting.push([]);
        saving = tail = tail.then(flush);
        saving.catch(() => undefined);
      }
      waiting.at(-1)!.push(changes);
      atomes += changes.put?.length ?? 0;
      if (failure !== undefined) missed.push(ownOf(changes));
      return saving;
    },
    guard,
    observe,
    leave() {
      closed = true;
      reopening.stop();
      unbind?.();
    },
    async close() {
      // where it is failing there is nothing to wait for
      if (failure === undefined) await Promise.allSettled([tail]);
      await store.close().catch((thrown: unknown) => port.failed(toError(thrown)));
    },
  };
}

/** What it does to outbox and inbox: all that changes without a checkpoint do. */
function ownOf({ settle, append, dismiss, reject }: Changes): Changes {
  return { settle, append, dismiss, reject };
}

/** A reopening that begins when what it takes has been loaded. */
function reopeningOf(mending: Mending, ...given: Parameters<typeof createReopening>): Reopening {
  let reopening: Reopening | undefined;
  let stopped = false;
  return {
    begin: () =>
      void mending.then(({ createReopening }) => {
        if (!stopped) (reopening ??= createReopening(...given)).begin();
      }),
    stop() {
      stopped = true;
      reopening?.stop();
    },
  };
}
