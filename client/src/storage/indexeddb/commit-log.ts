import type { Atome, AtomeEvent } from '../../../../src/protocol/index.js';
import { STORES } from './open-database.js';
import { bare } from './orders.js';
import { finished, result } from './requests.js';
import type { Changes, PendingWrite, Checkpoint, RejectedWrite } from '../store.js';

/** How many commits back a tab can look; one that has slept longer reads everything again. */
const KEPT = 256;
const TRIM_EVERY = 64;

/** One commit, as the other tabs find it. */
interface Entry {
  readonly by: string;
  /** All atomes were replaced: too much to keep twice, so that `changes` has the events only. */
  readonly whole: boolean;
  readonly changes: readonly Changes[];
}

/**
 * How a tab follows what other tabs commit: each commit leaves an entry in the object store `log`, written in its own
 * transaction, and numbered without a gap. Whoever hears that there is something new reads on from where it was;
 * so nothing depends on a message that a dying tab no longer sent.
 */
export interface CommitLog {
  /** Begins after what a transaction that reads everything sees. */
  start(log: IDBObjectStore, contents: Changes): Promise<void>;
  /**
   * Whether another tab has moved the checkpoint since this one has looked, as when this one was asleep and leads no
   * longer. Then the next `pull` tells everything.
   */
  isOvertaken(transaction: IDBTransaction): Promise<boolean>;
  /** Adds the entry of a commit to its transaction. @returns that the commit has happened. */
  append(transaction: IDBTransaction, changes: readonly Changes[]): Promise<void>;
  /** Tells what the others have committed since the last time. */
  pull(): Promise<void>;
}

/** Makes the log of one tab. @param me its name. @param tell hears of what the others have committed. */
export function createCommitLog(
  db: () => IDBDatabase,
  me: string,
  tell: (changes: readonly Changes[]) => void,
): CommitLog {
  let seen = 0;
  let isLost = false;
  let commits = 0;
  /** opIds that the listeners hold, in outbox or inbox: those that are gone when everything is read again. */
  const held = new Set<string>();
  let pulling: Promise<void> | undefined;

  async function read(): Promise<void> {
    const transaction = db().transaction(STORES);
    const log = transaction.objectStore('log');
    const after = IDBKeyRange.lowerBound(seen, true);
    const [keys, entries] = await Promise.all([
      result<number[]>(log.getAllKeys(after)),
      result<Entry[]>(log.getAll(after)),
    ]);
    if (keys.length === 0 && !isLost) return;
    const others = entries.filter(({ by }) => by !== me);
    const changes = others.flatMap((entry) => entry.changes);
    const last = keys.at(-1) ?? seen;
    const gap = last - seen > keys.length;
    const whole = isLost || gap || others.some((entry) => entry.whole);
    const news = whole ? [await everything(transaction, changes)] : changes;
    seen = last;
    isLost = false;
    hold(news);
    if (news.length) tell(news);
  }

  /** What leads a listener from wherever it is to what the database holds. */
  async function everything(transaction: IDBTransaction, missed: readonly Changes[]): Promise<Changes> {
    const all = <T>(name: string): Promise<T[]> => result<T[]>(transaction.objectStore(name).getAll());
    const [atomes, append, reject, place] = await Promise.all([
      all<Atome>('atomes'),
      all<PendingWrite>('outbox'),
      all<RejectedWrite>('rejected'),
      result<Checkpoint | undefined>(transaction.objectStore('place').get(0)),
    ]);
    const put = atomes.map(bare);
    const gone = [...held];
    const events = missed.flatMap((changes): readonly AtomeEvent[] => changes.events ?? []);
    return { clear: true, put, settle: gone, append, dismiss: gone, reject, ...(place && { place }), events };
  }

  function hold(changes: readonly Changes[]): void {
    for (const { settle, append, dismiss, reject } of changes) {
      settle?.forEach((opId) => held.delete(opId));
      append?.forEach(({ opId }) => held.add(opId));
      dismiss?.forEach((opId) => held.delete(opId));
      reject?.forEach(({ operation }) => held.add(operation.opId));
    }
  }

  return {
    async start(log, contents) {
      const last = await result<IDBCursor | null>(log.openKeyCursor(null, 'prev'));
      seen = Number(last?.key ?? 0);
      hold([contents]);
    },
    async isOvertaken(transaction) {
      const after = transaction.objectStore('log').getAll(IDBKeyRange.lowerBound(seen, true));
      const entries = await result<Entry[]>(after);
      const moved = entries.some(
        ({ by, whole, changes }) => by !== me && (whole || changes.some(({ place }) => place)),
      );
      isLost ||= moved;
      return moved;
    },
    async append(transaction, changes) {
      const log = transaction.objectStore('log');
      const whole = changes.some(({ clear }) => clear);
      const kept = whole ? changes.map(({ events }) => (events ? { events } : {})) : changes;
      const added = result<number>(log.add({ by: me, whole, changes: kept } satisfies Entry));
      commits += 1;
      if (commits % TRIM_EVERY === 0) log.delete(IDBKeyRange.upperBound(seen - KEPT));
      const [, key] = await Promise.all([finished(transaction), added]);
      // with another tab's commit in between, the next pull comes by here
      if (key === seen + 1) seen += 1;
      hold(changes);
    },
    pull() {
      const pulled = (pulling ?? Promise.resolve()).then(read);
      pulling = pulled.catch(() => undefined);
      return pulled;
    },
  };
}
