import type { Atome, AtomeEvent } from '../../../../src/protocol/index.js';
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
export class CommitLog {
  private seen = 0;
  private commits = 0;
  /** opIds that the listeners hold, in outbox or inbox: those that are gone when everything is read again. */
  private readonly held = new Set<string>();
  private pulling: Promise<void> | undefined;

  constructor(
    private readonly db: () => IDBDatabase,
    private readonly me: string,
    private readonly tell: (changes: readonly Changes[]) => void,
  ) {}

  /** Begins after what a transaction that reads everything sees. */
  async start(log: IDBObjectStore, contents: Changes): Promise<void> {
    const last = await result<IDBCursor | null>(log.openKeyCursor(null, 'prev'));
    this.seen = Number(last?.key ?? 0);
    this.hold([contents]);
  }

  /** Adds the entry of a commit to its transaction. @returns that the commit has happened. */
  async append(transaction: IDBTransaction, changes: readonly Changes[]): Promise<void> {
    const log = transaction.objectStore('log');
    const whole = changes.some(({ clear }) => clear);
    const kept = whole ? changes.map(({ events }) => (events ? { events } : {})) : changes;
    const added = result<number>(log.add({ by: this.me, whole, changes: kept } satisfies Entry));
    this.commits += 1;
    if (this.commits % TRIM_EVERY === 0) log.delete(IDBKeyRange.upperBound(this.seen - KEPT));
    const [, key] = await Promise.all([finished(transaction), added]);
    // with another tab's commit in between, the next pull comes by here
    if (key === this.seen + 1) this.seen += 1;
    this.hold(changes);
  }

  /** Tells what the others have committed since the last time. */
  pull(): Promise<void> {
    const before = this.pulling ?? Promise.resolve();
    const pulled = before.then(() => this.read());
    this.pulling = pulled.catch(() => undefined);
    return pulled;
  }

  private async read(): Promise<void> {
    const transaction = this.db().transaction(['atomes', 'outbox', 'rejected', 'place', 'log']);
    const log = transaction.objectStore('log');
    const after = IDBKeyRange.lowerBound(this.seen, true);
    const [keys, entries] = await Promise.all([
      result<number[]>(log.getAllKeys(after)),
      result<Entry[]>(log.getAll(after)),
    ]);
    if (keys.length === 0) return;
    const others = entries.filter(({ by }) => by !== this.me);
    const changes = others.flatMap((entry) => entry.changes);
    const last = keys.at(-1)!;
    const gap = last - this.seen > keys.length;
    const whole = gap || others.some((entry) => entry.whole);
    const news = whole ? [await this.everything(transaction, changes)] : changes;
    this.seen = last;
    this.hold(news);
    if (news.length > 0) this.tell(news);
  }

  /** What leads a listener from wherever it is to what the database holds. */
  private async everything(transaction: IDBTransaction, missed: readonly Changes[]): Promise<Changes> {
    const all = <T>(name: string): Promise<T[]> => result<T[]>(transaction.objectStore(name).getAll());
    const [put, append, reject, places] = await Promise.all([
      all<Atome>('atomes'),
      all<PendingWrite>('outbox'),
      all<RejectedWrite>('rejected'),
      all<Checkpoint>('place'),
    ]);
    const gone = [...this.held];
    const events = missed.flatMap((changes): readonly AtomeEvent[] => changes.events ?? []);
    const [place] = places;
    return { clear: true, put, settle: gone, append, dismiss: gone, reject, ...(place && { place }), events };
  }

  private hold(changes: readonly Changes[]): void {
    for (const { settle, append, dismiss, reject } of changes) {
      settle?.forEach((opId) => this.held.delete(opId));
      append?.forEach(({ opId }) => this.held.add(opId));
      dismiss?.forEach((opId) => this.held.delete(opId));
      reject?.forEach(({ operation }) => this.held.add(operation.opId));
    }
  }
}
