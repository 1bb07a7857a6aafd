import type { Atome } from '../../../../src/protocol/index.js';
import { SyncError } from '../../core/errors.js';
import { randomHex } from '../../core/random-hex.js';
import { inTime } from '../../core/timer.js';
import { adoptWrites } from './adopt-writes.js';
import type { Answers } from './answers.js';
import { createBrowserTabs, type BrowserTabs } from './browser-tabs.js';
import { createCommitLog, type CommitLog } from './commit-log.js';
import { openDatabase, openOlder, STORES } from './open-database.js';
import { bare, keyed, ordersOf, TOOLS, type Order } from './orders.js';
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
  type Store,
} from '../store.js';

/** How many atomes are read at a time. */
const PAGE = 500;
/** How many are written without giving way. */
const SLICE = 100;
/** How long the file of the indexes is waited for, in milliseconds. */
const LOAD_MS = 500;

/** Where {@link indexedDbStore} keeps its data. */
export interface IndexedDbOptions {
  /** Of the first user's database; that of another one has the user's name behind it. Default `atome-sync`. */
  readonly name?: string | undefined;
  /**
   * Whether the browser is asked, with the first own write of a page, not to clear the data away when space is short. Firefox
   * asks its user. Default true.
   */
  readonly persist?: boolean | undefined;
}

/** A store for browsers, that all tabs of an origin share: one of them holds the connection. */
export function indexedDbStore(
  { name = 'atome-sync', persist = true }: IndexedDbOptions = {},
  format: Format = FORMAT,
): Store {
  let asks = persist;
  let listener: Parameters<NonNullable<Store['observe']>>[0] | undefined;
  let failed: Parameters<NonNullable<Store['observe']>>[1];
  let opened: IDBDatabase | undefined;
  let log: CommitLog | undefined;
  let tabs: BrowserTabs | undefined;
  let answered: Promise<Answers> | undefined;
  let outdated = false;
  let last: Promise<unknown> = Promise.resolve();

  /** A file of its own, which only who asks needs; where it does not come, all is read. */
  const answers = (): Promise<Answers> =>
    (answered ??= import('./answers.js').then(
      (file) => file.createAnswers(TOOLS),
      (thrown: unknown) => {
        answered = undefined;
        throw thrown;
      },
    ));

  function database(): IDBDatabase {
    if (opened) return opened;
    if (outdated)
      throw new SyncError('outdated', 'Another tab has brought the local store to a newer version: reload this page');
    throw new SyncError('storage', 'The local store is not open, or was cleared');
  }

  async function open(owner?: string, claim?: boolean): Promise<Contents> {
    const { db, setAside, older } = await openDatabase(name, format, owner, claim);
    opened = db;
    outdated = false;
    db.onversionchange = ({ newVersion }) => {
      // another tab has a newer version of the SDK, which is about to bring the data forward; or deletes the database
      outdated = newVersion !== null;
      void close().then(tellFailure);
    };
    db.onclose = () => {
      opened = undefined;
      tellFailure();
    };
    log = createCommitLog(database, randomHex(), (changes) => listener?.(changes));
    for (const each of older) await adopt(each, log, owner);
    const contents = await read(log);
    tabs = createBrowserTabs(`atome-sync:${db.name}`, pull);
    if (older.length) tabs?.hint();
    await pull();
    return { ...contents, ...(setAside !== undefined && { setAside }) };
  }

  /** What cannot be had now stays where it is, for the next start. */
  async function adopt(from: string, into: CommitLog, owner?: string): Promise<void> {
    const db = await openOlder(from, format, owner).catch(() => undefined);
    const strict = { durability: 'strict' } as const;
    const kept = (changes: Changes): Promise<void> =>
      keep(into, database().transaction(STORES, 'readwrite', strict), [changes]);
    if (db) await adoptWrites(db, kept).catch(() => undefined);
    db?.close();
  }

  function tellFailure(): void {
    try {
      database();
    } catch (thrown) {
      failed?.(thrown as Error);
    }
  }

  async function read(log: CommitLog): Promise<Contents> {
    const transaction = database().transaction(STORES);
    const table = (name: string): IDBObjectStore => transaction.objectStore(name);
    const [outbox, rejected, place] = await Promise.all([
      result<PendingWrite[]>(table('outbox').getAll()),
      result<RejectedWrite[]>(table('rejected').getAll()),
      result<Checkpoint | undefined>(table('place').get(0)),
    ]);
    await log.start(table('log'), { append: outbox, reject: rejected });
    return { place: place ?? null, outbox, rejected };
  }

  /** What nobody listens for yet waits in the log. */
  async function pull(): Promise<void> {
    if (listener) await log?.pull();
  }

  async function close(): Promise<void> {
    await last;
    tabs?.close();
    tabs = undefined;
    opened?.close();
    opened = undefined;
  }

  return {
    get tabs() {
      return tabs;
    },
    async open(owner, claim) {
      try {
        return await open(owner, claim);
      } catch (thrown) {
        await close();
        throw storageError(thrown);
      }
    },
    async *atomes() {
      const behind = (id: string): Promise<Atome[]> =>
        result(atomesOf(database()).getAll(IDBKeyRange.lowerBound(id, true), PAGE));
      let next: Promise<Atome[]> | undefined = behind('');
      while (next) {
        const page: Atome[] = await next;
        // on its way while this one is taken in
        next = page.length < PAGE ? undefined : behind(page.at(-1)!.id);
        next?.catch(() => undefined);
        yield page.map(bare);
      }
      // what is asked before all is here
      void answered?.then(({ learn }) => learn(database)).catch(() => undefined);
    },
    // a network that says nothing does not hold up what is here
    select: async (query) => (await inTime(answers(), LOAD_MS))?.select(database(), query),
    async commit(changes) {
      // What cannot be had again from the server goes to the disk itself, beyond the caches of the system.
      const durability = changes.some(({ append }) => append) ? 'strict' : 'relaxed';
      const transaction = database().transaction(STORES, 'readwrite', { durability });
      if (asks && durability === 'strict') {
        asks = false;
        void askToPersist();
      }
      const committed = keep(log!, transaction, changes);
      last = committed.catch(() => undefined);
      await committed;
      tabs?.hint();
    },
    close,
    observe(...given) {
      [listener, failed] = given;
      if (tabs) void pull().catch(() => undefined);
      return () => void (listener = failed = undefined);
    },
  };
}

/** What comes of it is not told: where the browser says no, all is as it was. */
async function askToPersist(): Promise<void> {
  try {
    await navigator.storage.persist();
  } catch {
    // over plain http, and in old browsers, there is nobody to ask
  }
}

function atomesOf(db: IDBDatabase): IDBObjectStore {
  return db.transaction('atomes').objectStore('atomes');
}

/** A tab that has slept may lead no longer: what it has heard since is older than what is there. */
async function keep(log: CommitLog, transaction: IDBTransaction, given: readonly Changes[]): Promise<void> {
  let changes = given;
  try {
    const moves = changes.some(({ place }) => place);
    if (moves && (await log.isOvertaken(transaction))) changes = changes.filter(({ place }) => !place);
    await write(transaction, changes, changes.some(({ put }) => put) ? await ordersOf(transaction) : []);
  } catch (thrown) {
    abort(transaction);
    throw storageError(transaction.error ?? thrown);
  }
  const committed = log.append(transaction, changes);
  transaction.commit();
  await committed;
  if (changes !== given) void log.pull().catch(() => undefined);
}

/** Unless it has ended by itself. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // it has
  }
}

async function write(transaction: IDBTransaction, given: readonly Changes[], orders: readonly Order[]): Promise<void> {
  const [atomes, outbox, rejected, place] = STORES.map((name) => transaction.objectStore(name)) as [
    IDBObjectStore,
    IDBObjectStore,
    IDBObjectStore,
    IDBObjectStore,
  ];
  let count = 0;
  for (const { clear, put = [], ...changes } of given) {
    if (clear) atomes.clear();
    for (const atome of put) {
      const request = atomes.put(keyed(atome, orders));
      // gives way, and goes on in the same transaction
      if ((count += 1) % SLICE === 0) await result(request);
    }
    applyChanges(changes, { atomes, outbox, rejected });
    if (changes.place) place.put(changes.place, 0);
  }
}
