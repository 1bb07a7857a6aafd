import type BetterSqlite3 from 'better-sqlite3';

/** Says of how many rows more a piece of work is than was known before. */
type Weigh = (rows: number) => void;

interface Waiting {
  readonly work: (weigh: Weigh) => unknown;
  readonly weight: number;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

type Settle = () => void;

/** Where a transaction ends though more is waiting: everything else of this process waits for it. */
const MAX_WEIGHT = 500;

/**
 * What comes within one turn of the event loop goes into one transaction: each costs a flush to disk,
 * whichever tenants its writes are of.
 */
export class SharedTransaction {
  private waiting: Waiting[] = [];
  private isBusy = false;
  /** What was found only by the work of the transaction under way to be in it. */
  private found = 0;
  private readonly inSavepoint: (work: () => unknown) => unknown;
  private readonly inTransaction: BetterSqlite3.Transaction<(group: readonly Waiting[]) => Settle[]>;

  /** @param runWhole runs a transaction, once it can be begun, and fails when what it has committed would be lost. */
  constructor(
    private readonly db: BetterSqlite3.Database,
    private readonly runWhole: <T>(work: () => T) => Promise<T> = (work) => new Promise((resolve) => resolve(work())),
  ) {
    // within a transaction, better-sqlite3 makes a savepoint of it; to make a function of its kind costs more than to call it
    this.inSavepoint = db.transaction((work: () => unknown) => work());
    this.inTransaction = db.transaction((group) => {
      const settles: Settle[] = [];
      this.found = 0;
      for (const each of group) if (this.found < MAX_WEIGHT) settles.push(this.attempt(each, group.length > 1));
      return settles;
    });
  }

  /**
   * Resolves with the result of the work once the transaction it was in is committed. What one piece of work throws
   * is rolled back and concerns no other, unless the database has given up the whole transaction.
   * @param weight how many rows it is about.
   */
  run<T>(work: (weigh: Weigh) => T, weight: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // behind the promises of this turn: whatever they bring is in it too
      if (!this.isBusy) process.nextTick(() => void this.flush());
      this.isBusy = true;
      this.waiting.push({ work, weight, resolve, reject });
    });
  }

  private async flush(): Promise<void> {
    const group = this.take();
    try {
      const settles = await this.runWhole(() => this.inTransaction.immediate(group));
      settles.forEach((settle) => settle());
      this.waiting.unshift(...group.slice(settles.length));
    } catch (error) {
      group.forEach(({ reject }) => reject(error));
    }
    if (this.waiting.length > 0) setImmediate(() => void this.flush());
    else this.isBusy = false;
  }

  private take(): Waiting[] {
    let weight = 0;
    let count = 0;
    while (count < this.waiting.length && weight < MAX_WEIGHT) weight += this.waiting[count++]!.weight;
    return this.waiting.splice(0, count);
  }

  private attempt({ work, resolve, reject }: Waiting, isShared: boolean): Settle {
    if (!isShared) {
      const result = work(this.weigh) as never;
      return () => resolve(result);
    }
    try {
      const result = this.inSavepoint(() => work(this.weigh)) as never;
      return () => resolve(result);
    } catch (error) {
      if (!this.db.inTransaction) throw error;
      return () => reject(error);
    }
  }

  private readonly weigh: Weigh = (rows) => {
    this.found += rows;
  };
}
