import type { Atome } from '../../../../src/protocol/index.js';
import { SyncError } from '../../core/errors.js';
import { CommitLog } from './commit-log.js';
import { BrowserTabs } from './browser-tabs.js';
import { openDatabase, STORES } from './open-database.js';
import { result, storageError } from './requests.js';
import { applyChanges } from '../apply-changes.js';
import {
  FORMAT,
  type Changes,
  type Contents,
  type Format,
  type PendingWrite,
  type Checkpoint,
  type RejectedWrite,
  type Selection,
  type Store,
  type Tabs,
} from '../store.js';

/** How many atomes are read at a time. */
const PAGE = 1_000;
/** Above every text, as the end of a range. */
const END: IDBValidKey = [];

/** Where {@link indexedDbStore} keeps its data. */
export interface IndexedDbOptions {
  /** Of the first user's database; that of another one has the user's name behind it. Default `atome-sync`. */
  readonly name?: string | undefined;
}

/** A store for browsers, that all tabs of an origin share: one of them holds the connection. */
export function indexedDbStore({ name = 'atome-sync' }: IndexedDbOptions = {}, format: Format = FORMAT): Store {
  return new IndexedDbStore(name, format);
}

class IndexedDbStore implements Store {
  private db: IDBDatabase | undefined;
  private log: CommitLog | undefined;
  private browser: BrowserTabs | undefined;
  private outdated = false;
  private last: Promise<unknown> = Promise.resolve();
  private readonly listeners = new Set<(changes: readonly Changes[]) => void>();

  constructor(
    private readonly name: string,
    private readonly format: Format,
  ) {}

  get tabs(): Tabs | undefined {
    return this.browser;
  }

  async open(owner?: string, claim?: boolean): Promise<Contents> {
    try {
      const { db, setAside } = await openDatabase(this.name, this.format, owner, claim);
      this.db = db;
      this.outdated = false;
      db.onversionchange = ({ newVersion }) => this.giveWay(newVersion !== null);
      db.onclose = () => (this.db = undefined);
      const log = new CommitLog(
        () => this.database(),
        // not `randomUUID`, which a page over plain http lacks
        String(crypto.getRandomValues(new Uint32Array(4))),
        (changes) => this.listeners.forEach((listener) => listener(changes)),
      );
      this.log = log;
      const contents = await this.read(log);
      if (BrowserTabs.possible) this.browser = new BrowserTabs(`atome-sync:${db.name}`, () => this.pull());
      await this.pull();
      return { ...contents, ...(setAside !== undefined && { setAside }) };
    } catch (thrown) {
      await this.close();
      throw storageError(thrown);
    }
  }

  async *atomes(): AsyncIterable<readonly Atome[]> {
    for (let after = ''; ;) {
      const atomes = this.database().transaction('atomes').objectStore('atomes');
      const page = await result<Atome[]>(atomes.getAll(IDBKeyRange.lowerBound(after, true), PAGE));
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      after = page.at(-1)!.id;
    }
  }

  newest(selection: Selection, limit: number): Promise<readonly Atome[]> {
    return new Promise((resolve, reject) => {
      const { kind, parentId } = selection;
      const [order, key] = orderOf(selection);
      const atomes = this.database().transaction('atomes').objectStore('atomes');
      const found: Atome[] = [];
      const walk = atomes.index(order).openCursor(IDBKeyRange.bound(key, [...key, END]), 'prev');
      walk.onerror = () => reject(storageError(walk.error));
      walk.onsuccess = () => {
        const cursor = walk.result;
        if (!cursor || found.length >= limit) return resolve(found);
        const atome = cursor.value as Atome;
        if ((kind ?? atome.kind) === atome.kind && (parentId === undefined || parentId === atome.parentId))
          found.push(atome);
        cursor.continue();
      };
    });
  }

  async commit(changes: readonly Changes[]): Promise<void> {
    // What cannot be had again from the server goes to the disk itself, beyond the caches of the system.
    const durability = changes.some(({ append }) => append) ? 'strict' : 'relaxed';
    const transaction = this.database().transaction(STORES, 'readwrite', { durability });
    try {
      for (const change of changes) apply(transaction, change);
    } catch (thrown) {
      transaction.abort();
      throw storageError(thrown);
    }
    const committed = this.log!.append(transaction, changes);
    this.last = committed.catch(() => undefined);
    transaction.commit();
    await committed;
    this.browser?.hint();
  }

  async close(): Promise<void> {
    await this.last;
    this.browser?.close();
    this.browser = undefined;
    this.db?.close();
    this.db = undefined;
  }

  observe(listener: (changes: readonly Changes[]) => void): () => void {
    this.listeners.add(listener);
    if (this.browser) void this.pull().catch(() => undefined);
    return () => void this.listeners.delete(listener);
  }

  /** What nobody listens for yet waits in the log. */
  private async pull(): Promise<void> {
    if (this.listeners.size > 0) await this.log?.pull();
  }

  private async read(log: CommitLog): Promise<Contents> {
    const transaction = this.database().transaction(STORES);
    const table = (name: string): IDBObjectStore => transaction.objectStore(name);
    const [outbox, rejected, place] = await Promise.all([
      result<PendingWrite[]>(table('outbox').getAll()),
      result<RejectedWrite[]>(table('rejected').getAll()),
      result<Checkpoint | undefined>(table('place').get(0)),
    ]);
    await log.start(table('log'), { append: outbox, reject: rejected });
    return { place: place ?? null, outbox, rejected };
  }

  /** Another tab has a newer version of the SDK, which is about to bring the data forward; or deletes the database. */
  private giveWay(newer: boolean): void {
    this.outdated = newer;
    void this.close();
  }

  private database(): IDBDatabase {
    if (this.db) return this.db;
    if (this.outdated)
      throw new SyncError('outdated', 'Another tab has brought the local store to a newer version: reload this page');
    throw new SyncError('storage', 'The local store is not open: the browser may have cleared it, reload this page');
  }
}

/** The index that leads to the fewest others, and the beginning of its keys. null is no key: no index knows it. */
function orderOf({ kind, parentId }: Selection): [order: string, key: string[]] {
  if (typeof parentId === 'string') return ['parentId', [parentId]];
  return kind === undefined ? ['newest', []] : ['kind', [kind]];
}

function apply(transaction: IDBTransaction, changes: Changes): void {
  const [atomes, outbox, rejected, place] = STORES.map((name) => transaction.objectStore(name)) as [
    IDBObjectStore,
    IDBObjectStore,
    IDBObjectStore,
    IDBObjectStore,
  ];
  applyChanges(changes, { atomes, outbox, rejected });
  if (changes.place) place.put(changes.place, 0);
}
