import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import { SyncError, toError } from '../errors.js';
import { memoryStore } from '../store/memory.js';
import type { Changes, Place, RejectedWrite, Selection, Store, Tabs } from '../store/store.js';
import { loadJsonPatch, needsJsonPatch } from './optimistic.js';
import { Outbox } from './outbox.js';
import { View, type Shown } from './view.js';

/** Who wants to know what happens in a replica. */
export interface ReplicaPort {
  /** Something is different; `shown` tells which atomes are. */
  changed(shown: ReadonlyMap<string, Shown>): void;
  /** A write is in the outbox that was not made here just now. */
  met(opId: string): void;
  /** An alteration was taken in. */
  heard(event: AtomeEvent, origin: Origin): void;
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
export class Replica {
  readonly outbox = new Outbox();
  readonly view = new View(this.outbox);
  readonly rejected = new Map<string, RejectedWrite>();
  place = NOWHERE;
  /** Resolves when outbox and place are known. Like all that comes after it, it rejects only with `outdated`. */
  readonly opened: Promise<void>;
  /** Resolves when the atomes are known too. */
  readonly loaded: Promise<void>;
  private batch: Changes[] = [];
  private underWay: readonly Changes[] = [];
  private saving: Promise<void> | undefined;
  private tail: Promise<void>;
  private unbind: (() => void) | undefined;
  /** Atomes that have changed since the store is being read; null once it was. */
  private fresh: Set<string> | null = new Set();
  private replaced = false;
  /** The little that is asked for before the store is read, and that would be slow beside it. */
  private readonly first: Promise<unknown>[] = [];
  private closed = false;
  /** opIds of pending writes that were made here, not in another tab. */
  private readonly made = new Set<string>();

  constructor(
    private store: Store,
    private readonly port: ReplicaPort,
  ) {
    this.opened = this.guard(() => this.open());
    this.loaded = this.opened.then(() => this.guard(() => this.load()));
    this.tail = this.opened;
    this.loaded.catch(() => undefined);
  }

  /** The other instances on the same data, where there can be any. */
  get tabs(): Tabs | undefined {
    return this.store.tabs;
  }

  /** The atomes changed last, while the store is still being read; undefined where they would not be all there is. */
  newest(selection: Selection, limit: number): Promise<readonly Atome[] | undefined> {
    const found = this.opened
      .then(() => (this.fresh && this.outbox.size === 0 ? this.store.newest(selection, limit) : undefined))
      .catch(() => undefined);
    this.first.push(found);
    return found;
  }

  /** Shows the changes now. @returns a promise of their being durable, which rejects when the replica was closed. */
  commit(changes: Changes): Promise<void> {
    if (this.closed) return Promise.reject(new SyncError('offline', 'the client was closed'));
    changes.append?.forEach(({ opId }) => this.made.add(opId));
    this.apply(changes, false);
    this.batch.push(changes);
    this.saving ??= this.tail = this.tail.then(() => {
      const { batch } = this;
      this.batch = [];
      this.saving = undefined;
      return this.save(batch);
    });
    this.saving.catch(() => undefined);
    return this.saving;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.unbind?.();
    await Promise.allSettled([this.loaded, this.tail]);
    await this.store.close().catch((thrown: unknown) => this.port.failed(toError(thrown)));
  }

  private async open(): Promise<void> {
    const { place, outbox, rejected, setAside } = await this.store.open();
    this.place = place ?? NOWHERE;
    if (outbox.some(needsJsonPatch)) await loadJsonPatch();
    outbox.forEach((write) => this.outbox.add(write, true));
    outbox.forEach(({ opId }) => this.port.met(opId));
    // without other tabs they can only be one's own, from before the last start
    if (!this.store.tabs) outbox.forEach(({ opId }) => this.made.add(opId));
    rejected.forEach((write) => this.rejected.set(write.operation.opId, write));
    this.unbind = this.store.observe?.((changes) => changes.forEach((each) => this.observe(each)));
    if (setAside !== undefined) {
      this.port.failed(new SyncError('storage', `the local data could not be read and was set aside: ${setAside}`));
    }
  }

  private async load(): Promise<void> {
    await Promise.all(this.first);
    const atomes: Atome[] = [];
    try {
      for await (const page of this.store.atomes()) for (const atome of page) atomes.push(atome);
    } catch (thrown) {
      // what is missing has to come from the server
      this.place = { ...this.place, cursor: null };
      throw thrown;
    } finally {
      // what other tabs have changed meanwhile is newer
      const old = this.replaced ? [] : atomes.filter(({ id }) => !this.fresh?.has(id));
      this.fresh = null;
      const touched = new Set(this.outbox.atomeIds());
      for (const { id } of old) touched.add(id);
      this.show(touched, () => old.forEach((atome) => this.view.confirm(atome.id, atome)));
    }
  }

  private observe(changes: Changes): void {
    this.apply(changes, true);
    if (changes.append?.some(needsJsonPatch)) {
      void loadJsonPatch().then(() => this.show(this.outbox.atomeIds(), () => this.view.unfold()));
    }
    // what is not in the store yet was read without it
    if (changes.clear) [...this.underWay, ...this.batch].forEach(({ events: _told, ...own }) => this.apply(own, false));
  }

  private async save(batch: readonly Changes[]): Promise<void> {
    this.underWay = batch;
    await this.guard(() => this.store.commit(batch));
    this.underWay = [];
    for (const { append } of batch) append?.forEach(({ opId }) => this.outbox.saved(opId));
  }

  private apply(changes: Changes, saved: boolean): void {
    const { clear, put, remove, settle, append, dismiss, reject, place, events } = changes;
    const origins = (events ?? []).map((event) => this.originOf(event));
    const touched = [
      ...(clear ? this.view.ids() : []),
      ...(put ?? []).map(({ id }) => id),
      ...(remove ?? []),
      ...(settle ?? []).map((opId) => this.outbox.get(opId)?.atomeId ?? ''),
      ...(append ?? []).map(({ atomeId }) => atomeId),
    ];
    touched.forEach((id) => this.fresh?.add(id));
    this.replaced ||= clear === true;
    dismiss?.forEach((opId) => this.rejected.delete(opId));
    reject?.forEach((write) => this.rejected.set(write.operation.opId, write));
    this.place = place ?? this.place;
    this.show(touched, () => {
      if (clear) [...this.view.ids()].forEach((id) => this.view.confirm(id, undefined));
      put?.forEach((atome) => this.view.confirm(atome.id, atome));
      remove?.forEach((id) => this.view.confirm(id, undefined));
      settle?.forEach((opId) => this.outbox.take(opId));
      append?.forEach((write) => this.outbox.add(write, saved));
    });
    if (saved) append?.forEach(({ opId }) => this.port.met(opId));
    events?.forEach((event, i) => this.port.heard(event, origins[i]!));
    if (!clear) settle?.forEach((opId) => this.made.delete(opId));
    reject?.forEach((write) => this.port.refused(write));
  }

  private originOf(event: AtomeEvent): Origin {
    const opId = ('opId' in event && event.opId) || '';
    return { pending: this.outbox.get(opId) !== undefined, own: this.made.has(opId) };
  }

  /** Changes some atomes and tells which of them are shown differently now. */
  private show(touched: Iterable<string>, change: () => void): void {
    const before = new Map<string, Atome | undefined>();
    for (const id of touched) before.set(id, this.view.get(id));
    change();
    const shown = new Map<string, Shown>();
    for (const [id, old] of before) {
      this.view.fold(id);
      const after = this.view.get(id);
      if (after !== old) shown.set(id, { before: old, after });
    }
    this.port.changed(shown);
  }

  /**
   * Does something with the store. A store that fails is given up: what is in memory goes on without it. Not so one
   * that a newer version has taken over: there the pending writes are safe, and here they would not be.
   */
  private async guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const error = toError(thrown);
      if (error instanceof SyncError && error.code === 'outdated') {
        this.port.failed(error);
        throw error;
      }
      const advice = `the local store failed (${error.message}); nothing is kept until the next start, and what is not sent by then is lost`;
      this.unbind?.();
      void this.store.close().catch(() => undefined);
      this.store = memoryStore();
      this.port.failed(new SyncError('storage', advice, { cause: thrown }));
    }
  }
}
