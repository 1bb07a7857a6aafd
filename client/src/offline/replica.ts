import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import { SyncError, toError } from '../core/errors.js';
import { memoryStore } from '../storage/memory/memory-store.js';
import type {
  Changes,
  Contents,
  PendingWrite,
  Place,
  RejectedWrite,
  Selection,
  Store,
  Tabs,
} from '../storage/store.js';
import { prepare } from './optimistic.js';
import { createOutbox, type Outbox } from './outbox.js';
import { createView, type Shown, type View } from './view.js';

/** Who wants to know what happens in a replica. */
export interface ReplicaPort {
  /** Whose data this is; with `sure`, by the server's own word where there is a token. */
  owner(sure: boolean): Promise<string>;
  /** Something is different; `shown` tells which atomes are. */
  changed(shown: ReadonlyMap<string, Shown>): void;
  /** A write is in the outbox that was not made here just now. */
  met(opId: string): void;
  /** An alteration was taken in. */
  received(event: AtomeEvent, origin: Origin): void;
  refused(write: RejectedWrite): void;
  failed(error: Error): void;
}

/** Where an alteration came from. */
export interface Origin {
  /** It was a pending write until then, of whichever tab or start of the program. */
  readonly pending: boolean;
  /** It was made by this client. */
  readonly own: boolean;
}

const NOWHERE: Place = { cursor: null, subscription: '', skewMs: null, stamp: null };

/**
 * The local copy in memory, and its store behind it. A change shows at once and is durable when `commit` resolves;
 * changes that come while the store is busy go into its next transaction together.
 */
export interface Replica {
  readonly outbox: Outbox;
  readonly view: View;
  readonly rejected: ReadonlyMap<string, RejectedWrite>;
  readonly place: Place;
  /** Resolves when outbox and place are known. Like all that comes after it, it rejects only with `outdated`. */
  readonly opened: Promise<void>;
  /** Resolves when the atomes are known too. */
  readonly loaded: Promise<void>;
  /** The other instances on the same data, where there can be any. */
  readonly tabs: Tabs | undefined;
  /** The atomes changed last, while the store is still being read; undefined where they would not be all there is. */
  newest(selection: Selection, limit: number): Promise<readonly Atome[] | undefined>;
  /** Shows the changes now. @returns a promise of their being durable, which rejects when the replica was closed. */
  commit(changes: Changes): Promise<void>;
  /** Keeps what is on its way and closes the store. @param hide shows nothing any more from here on. */
  close(hide?: boolean): Promise<void>;
}

export function createReplica(store: Store, port: ReplicaPort): Replica {
  const outbox = createOutbox();
  const view = createView(outbox);
  const rejected = new Map<string, RejectedWrite>();
  /** opIds of pending writes that were made here, not in another tab. */
  const made = new Set<string>();
  let place = NOWHERE;
  let batch: Changes[] = [];
  let underWay: readonly Changes[] = [];
  let saving: Promise<void> | undefined;
  /** Atomes that were confirmed anew since the store is being read; null once it was, or when all were replaced. */
  let fresh: Set<string> | null = new Set();
  /** The little that is asked for before the store is read, and that would be slow beside it. */
  const first: Promise<unknown>[] = [];
  let unbind: (() => void) | undefined;
  let closed = false;
  let owner = '';

  const opened = Promise.resolve().then(() => guard(open));
  const loaded = opened.then(() => guard(load));
  let tail = opened;
  loaded.catch(() => undefined);

  async function open(): Promise<void> {
    owner = await port.owner(false);
    const contents = await openOwn();
    const { setAside } = contents;
    await prepare(contents.outbox);
    for (const write of contents.outbox) {
      add(write, true);
      port.met(write.opId);
      // without other tabs it can only be one's own, from before the last start
      if (!store.tabs) made.add(write.opId);
    }
    contents.rejected.forEach(addRejected);
    unbind = store.observe?.((changes) => changes.forEach(observe));
    if (setAside !== undefined) {
      port.failed(new SyncError('storage', `the local data could not be read and was set aside: ${setAside}`));
    }
  }

  /** Nothing is shown of what is somebody else's, nor of what nobody has claimed before the server has said who we are. */
  async function openOwn(): Promise<Contents> {
    let contents = await store.open(owner);
    if (contents.place?.owner === undefined && (contents.place || contents.outbox.length + contents.rejected.length)) {
      await port.owner(true);
      // somebody in another tab may have waited for the same: only one of the two finds it unclaimed
      await store.close();
      contents = await store.open(owner, true);
    }
    const { place: found } = contents;
    if ((found?.owner ?? owner) !== owner) throw new SyncError('storage', 'it is of another user or server');
    place = { ...NOWHERE, ...found, owner };
    if (!found?.owner) await store.commit([{ place }]);
    return contents;
  }

  async function load(): Promise<void> {
    await Promise.all(first);
    const atomes: Atome[] = [];
    try {
      for await (const page of store.atomes()) for (const atome of page) atomes.push(atome);
    } catch (thrown) {
      // what is missing has to come from the server
      place = { ...place, cursor: null };
      throw thrown;
    } finally {
      // what other tabs have changed meanwhile is newer
      for (const atome of atomes) if (fresh && !fresh.has(atome.id)) view.confirm(atome.id, atome);
      fresh = null;
      port.changed(view.refresh());
    }
  }

  function observe(changes: Changes): void {
    const tell = apply(changes, true);
    // what is not in the store yet was read without it
    if (changes.clear) [...underWay, ...batch].forEach((own) => apply(own, false));
    void prepare(changes.append ?? [])?.then(() => {
      view.unfold();
      port.changed(view.refresh());
    });
    tell();
  }

  function commit(changes: Changes): Promise<void> {
    if (closed) return Promise.reject(new SyncError('offline', 'the client was closed'));
    changes.append?.forEach(({ opId }) => made.add(opId));
    const tell = apply(changes, false);
    batch.push(changes);
    const kept = (saving ??= tail = tail.then(save));
    kept.catch(() => undefined);
    // whoever listens may do anything now: the store has it
    tell();
    return kept;
  }

  async function save(): Promise<void> {
    underWay = batch;
    batch = [];
    saving = undefined;
    await guard(() => store.commit(underWay));
    for (const { append } of underWay) append?.forEach(kept);
    underWay = [];
  }

  function kept({ opId }: PendingWrite): void {
    const found = outbox.get(opId);
    if (found) found.saved = true;
  }

  /** Changes what there is. @returns what tells of it. */
  function apply(changes: Changes, saved: boolean): () => void {
    const { clear, put, remove, settle, append, dismiss, reject, events = [] } = changes;
    const origins = events.map(originOf);
    if (clear) {
      fresh = null;
      [...view.ids()].forEach((id) => view.confirm(id, undefined));
    }
    put?.forEach((atome) => confirmAtome(atome.id, atome));
    remove?.forEach((id) => confirmAtome(id, undefined));
    settle?.forEach((opId) => {
      const taken = outbox.take(opId);
      if (taken) view.touch(taken.write.atomeId);
    });
    append?.forEach((write) => add(write, saved));
    dismiss?.forEach((opId) => rejected.delete(opId));
    reject?.forEach(addRejected);
    place = changes.place ?? place;
    if (!clear) settle?.forEach((opId) => made.delete(opId));
    return () => {
      port.changed(view.refresh());
      if (saved) append?.forEach(({ opId }) => port.met(opId));
      events.forEach((event, i) => port.received(event, origins[i]!));
      reject?.forEach((write) => port.refused(write));
    };
  }

  function confirmAtome(id: string, atome: Atome | undefined): void {
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
    const opId = ('opId' in event && event.opId) || '';
    return { pending: outbox.get(opId) !== undefined, own: made.has(opId) };
  }

  /**
   * Does something with the store. A store that fails is given up: what is in memory goes on without it. Not so one
   * that a newer version has taken over: there the pending writes are safe, and here they would not be.
   */
  async function guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (closed) throw thrown;
      const error = toError(thrown);
      if (error instanceof SyncError && error.code === 'outdated') {
        port.failed(error);
        throw error;
      }
      const advice = `the local store failed (${error.message}); what is not sent before the next start is lost`;
      unbind?.();
      void store.close().catch(() => undefined);
      store = memoryStore();
      place = { ...place, owner };
      port.failed(new SyncError('storage', advice, { cause: thrown }));
    }
  }

  return {
    outbox,
    view,
    rejected,
    get place() {
      return place;
    },
    opened,
    loaded,
    get tabs() {
      return store.tabs;
    },
    newest(selection, limit) {
      const found = opened
        .then(() => (fresh && outbox.size === 0 ? store.newest?.(selection, limit) : undefined))
        .catch(() => undefined);
      first.push(found);
      return found;
    },
    commit,
    async close(hide) {
      closed = true;
      unbind?.();
      if (hide) {
        const settle = [...outbox.all()].map(({ write }) => write.opId);
        apply({ clear: true, settle, dismiss: [...rejected.keys()] }, true)();
      }
      await Promise.allSettled([loaded, tail]);
      await store.close().catch((thrown: unknown) => port.failed(toError(thrown)));
    },
  };
}
