import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import { SyncError } from '../core/errors.js';
import type { Query } from '../query/query.js';
import { applyChanges } from '../storage/apply-changes.js';
import type { Changes, Checkpoint, PendingWrite, RejectedWrite, Store, Tabs } from '../storage/store.js';
import { opIdOf, type Change, type Origin } from './changes.js';
import { prepare } from './optimistic.js';
import { idOf } from './owner.js';
import { openOwned, type Whose } from './open-owned.js';
import { createOutbox, type Outbox } from './outbox.js';
import { createPersistence } from './persistence.js';
import type { Mending } from './reopening.js';
import { isSound } from './sound-write.js';
import { createView, type View } from './view.js';

const NOWHERE: Checkpoint = { cursor: null, subscription: '', skewMs: null, stamp: null };

/**
 * The local copy in memory, and its store behind it. A change shows at once and is durable when `commit` resolves.
 * What happens in it is published as {@link Change}s.
 */
export interface Replica {
  readonly outbox: Outbox;
  readonly view: View;
  readonly rejected: ReadonlyMap<string, RejectedWrite>;
  readonly checkpoint: Checkpoint;
  /** Resolves when outbox and checkpoint are known. Like all that comes after it, it rejects only with `outdated`. */
  readonly opened: Promise<void>;
  /** Resolves when the atomes are known too. */
  readonly loaded: Promise<void>;
  /** Why the store keeps nothing just now; undefined where it does as it promises. */
  readonly failure: string | undefined;
  /** Where what is written is kept. */
  readonly storage: 'durable' | 'memory' | 'failing';
  /** The other instances on the same data, where there can be any. */
  readonly tabs: Tabs | undefined;
  /** Opens the store of whoever it is. Called once. */
  open(whose: Whose): void;
  /** The result of a query, while the store is still being read; undefined where that cannot tell it yet. */
  select(query: Query): Promise<readonly Atome[] | undefined>;
  /** Shows the changes now. @returns a promise of their being durable, which rejects when the replica was closed. */
  commit(changes: Changes): Promise<void>;
  /** Keeps what is on its way and closes the store. @param hide shows nothing any more from here on. */
  close(hide?: boolean): Promise<void>;
}

/** Makes a replica that is not open yet. */
export function createReplica(given: Store, publish: (change: Change) => void, mending: Mending): Replica {
  const outbox = createOutbox();
  const view = createView(outbox, () => checkpoint.owner && idOf(checkpoint.owner));
  const rejected = new Map<string, RejectedWrite>();
  /** opIds of pending writes that were made here, not in another tab. */
  const made = new Set<string>();
  /** The little that is asked for before the store is read, and that would be slow beside it. */
  const first: Promise<unknown>[] = [];
  let checkpoint = NOWHERE;
  /** Atomes that were confirmed anew since the store is being read; null once it was, or when all were replaced. */
  let fresh: Set<string> | null = new Set();
  let closed = false;
  let open: (whose: Whose) => void;
  const failed = (error: Error): void => publish({ type: 'failed', error });

  const opened = new Promise<Whose>((resolve) => (open = resolve)).then((whose) => kept.guard(() => read(whose)));
  const kept = createPersistence(given, {
    opened,
    mending,
    failed,
    heard: (changes) => changes.forEach(observe),
    held: () => ({ outbox, view, rejected, checkpoint, adopt, take: (changes) => apply(changes, true)() }),
    recovered(found) {
      checkpoint = found ?? checkpoint;
      show();
      publish({ type: 'recovered' });
    },
  });
  const loaded = opened.then(() => kept.guard(load));
  loaded.catch(() => undefined);

  async function read(whose: Whose): Promise<void> {
    const met = (found: Partial<Checkpoint>): Checkpoint => (checkpoint = { ...NOWHERE, ...found });
    const { outbox: writes, setAside, ...found } = await openOwned(kept.store, whose, met);
    const sound = writes.filter(isSound);
    await prepare(sound);
    sound.forEach(adopt);
    found.rejected.forEach(addRejected);
    kept.observe();
    if (sound.length < writes.length)
      void mending.then(({ rubbishOf }) => commit(rubbishOf(writes))).catch(() => undefined);
    if (setAside !== undefined) failed(new SyncError('storage', `set aside as unreadable: ${setAside}`));
  }

  function adopt(write: PendingWrite): void {
    add(write, true);
    publish({ type: 'observed', opId: write.opId });
    // without other tabs it can only be one's own, from before the last start
    if (!kept.store.tabs) made.add(write.opId);
  }

  async function load(): Promise<void> {
    await Promise.all(first);
    try {
      for await (const page of kept.store.atomes()) {
        // what other tabs have changed meanwhile is newer; a page at a time, so that none takes long
        for (const atome of page) if (fresh && !fresh.has(atome.id)) view.confirm(atome.id, atome);
        show();
      }
    } catch (thrown) {
      // what is missing has to come from the server
      checkpoint = { ...checkpoint, cursor: null };
      throw thrown;
    } finally {
      fresh = null;
      show();
    }
  }

  function show(): void {
    publish({ type: 'shown', shown: view.refresh() });
  }

  function observe(changes: Changes): void {
    const tell = apply(changes, true);
    // what is not in the store yet was read without it
    for (const own of kept.unsaved(changes.place !== undefined)) if (changes.clear) apply(own, false);
    void prepare(changes.append ?? [])?.then(() => {
      view.unfold();
      show();
    });
    tell();
  }

  /** Changes what there is. @returns what tells of it. */
  function apply(changes: Changes, saved: boolean): () => void {
    const { clear, settle, append, reject, events = [] } = changes;
    const origins = events.map(originOf);
    // what another tab tells as part of all there is was told before
    const refused = reject?.filter(({ operation }) => !rejected.has(operation.opId));
    applyChanges(changes, {
      atomes: {
        clear() {
          fresh = null;
          view.clear();
        },
        put: (atome) => confirm(atome.id, atome),
        delete: confirm,
      },
      outbox: {
        put: (write) => add(write, saved),
        delete(opId) {
          const taken = outbox.take(opId);
          if (taken) view.touch(taken.write.atomeId);
        },
      },
      rejected: { put: addRejected, delete: (opId) => rejected.delete(opId) },
    });
    checkpoint = changes.place ?? checkpoint;
    if (!clear) settle?.forEach((opId) => made.delete(opId));
    return () => {
      show();
      if (saved) append?.forEach(({ opId }) => publish({ type: 'observed', opId }));
      events.forEach((event, i) => publish({ type: 'event', event, origin: origins[i]! }));
      refused?.forEach((write) => publish({ type: 'rejected', write }));
    };
  }

  function commit(changes: Changes): Promise<void> {
    if (closed) return Promise.reject(new SyncError('offline', 'the client was closed'));
    const { append } = changes;
    append?.forEach(({ opId }) => made.add(opId));
    const tell = apply(changes, false);
    const saved = kept.save(changes).then(() => append?.forEach(outbox.isSaved));
    // what is kept nowhere is not shown as if it waited
    saved.catch(() => apply({ settle: append?.map(({ opId }) => opId) ?? [] }, true)());
    // whoever listens may do anything now: the store has it
    tell();
    return saved;
  }

  function confirm(id: string, atome?: Atome): void {
    fresh?.add(id);
    view.confirm(id, atome);
  }

  function add(write: PendingWrite, saved: boolean): void {
    outbox.add(write, saved);
    view.touch(write.atomeId);
  }

  function addRejected(write: RejectedWrite): void {
    rejected.set(write.operation.opId, write);
  }

  function originOf(event: AtomeEvent): Origin {
    const opId = opIdOf(event);
    return { pending: outbox.get(opId) !== undefined, own: made.has(opId) };
  }

  return {
    outbox,
    view,
    rejected,
    get checkpoint() {
      return checkpoint;
    },
    opened,
    loaded,
    get failure() {
      return kept.failure;
    },
    get storage() {
      return kept.failure ? 'failing' : given.durable === false ? 'memory' : 'durable';
    },
    get tabs() {
      return kept.store.tabs;
    },
    open: (whose) => open(whose),
    select(query) {
      const found = opened
        .then(() => (fresh && outbox.size === 0 ? kept.store.select?.(query) : undefined))
        .catch(() => undefined);
      // what comes later nobody waits for
      if (fresh) first.push(found);
      return found;
    },
    commit,
    async close(hide) {
      closed = true;
      kept.leave();
      if (hide) {
        const settle = [...outbox.values()].map(({ write }) => write.opId);
        apply({ clear: true, settle, dismiss: [...rejected.keys()] }, true)();
      }
      await Promise.allSettled([loaded]);
      await kept.close();
    },
  };
}
