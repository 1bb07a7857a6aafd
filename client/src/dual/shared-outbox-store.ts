import { SyncError } from '../core/errors.js';
import type { Changes, PendingWrite, Store } from '../storage/store.js';

/**
 * A store whose outbox is shared: writes also come from outside its client, which takes them for those of another tab.
 * Prepared writes it hides from its client.
 */
export interface SharedOutboxStore extends Store {
  /** What was in the outbox, prepared writes too, and among the rejected when the store was opened. */
  readonly found: Promise<StoredWrites>;
  /** Keeps a write; its client does not know it yet. */
  keep(write: PendingWrite): Promise<void>;
  /** Forgets a write that its client does not know. */
  drop(opId: string): Promise<void>;
  /** Lets the client know a write that is kept, so that it shows and sends it. */
  tell(write: PendingWrite): void;
}

/** Own writes from before the start. */
export interface StoredWrites {
  readonly outbox: readonly PendingWrite[];
  readonly rejected: readonly PendingWrite[];
}

const isWhole = ({ half }: PendingWrite): boolean => !half;

const GONE = 'the client was closed, or its local store has failed (see sync:error): this write is not kept';

/** Opens a store to writes from beside. */
export function sharedOutboxStore(store: Store): SharedOutboxStore {
  const listeners = new Set<(changes: readonly Changes[]) => void>();
  let contents: StoredWrites = { outbox: [], rejected: [] };
  let opened: (found: StoredWrites) => void;
  let failed: (reason: unknown) => void;
  const found = new Promise<StoredWrites>((resolve, reject) => ([opened, failed] = [resolve, reject]));
  found.catch(() => undefined);

  return {
    found,
    async keep(write) {
      await found;
      if (listeners.size === 0) throw new SyncError('storage', GONE);
      await store.commit([{ append: [write] }]);
    },
    drop: (opId) => store.commit([{ settle: [opId] }]),
    tell: (write) => listeners.forEach((listener) => listener([{ append: [write] }])),
    async open(owner, claim) {
      try {
        const all = await store.open(owner, claim);
        contents = { outbox: all.outbox, rejected: all.rejected.map(({ operation }) => operation) };
        return { ...all, outbox: all.outbox.filter(isWhole) };
      } catch (thrown) {
        failed(thrown);
        throw thrown;
      }
    },
    observe(listener, ended) {
      const stop = store.observe?.(
        (changes) =>
          listener(changes.map((each) => (each.append ? { ...each, append: each.append.filter(isWhole) } : each))),
        ended,
      );
      listeners.add(listener);
      // its client has read the outbox and listens: from here on it misses nothing
      opened(contents);
      return () => {
        listeners.delete(listener);
        stop?.();
      };
    },
    durable: store.durable,
    atomes: () => store.atomes(),
    commit: (changes) => store.commit(changes),
    close: () => store.close(),
    ...(store.select && { select: (query) => store.select!(query) }),
    // not before the store is open does it know of other tabs
    get tabs() {
      return store.tabs;
    },
  };
}
