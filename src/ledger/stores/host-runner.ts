import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** How long a transaction of an application may wait for a connection, or for its turn, in milliseconds. */
export const JOIN_MS = 10_000;

/** What TypeORM itself notes of a transaction. */
export interface TransactionNotes {
  isTransactionActive: boolean;
  transactionDepth: number;
}

/** @throws Error unless it can be asked, and is of the database that the ledger is in. */
export function requireHost({ isInitialized, options }: DataSource, type: 'better-sqlite3' | 'postgres'): void {
  if (!isInitialized) throw new Error('the option dataSource is not initialised: await dataSource.initialize() first');
  if (options.type === type) return;
  throw new Error(
    `the option dataSource is of type "${options.type}", and databaseUrl is of type "${type}": both must lead to the same database`,
  );
}

/** Says that both are not the same. */
export function otherDatabase(theirs: string, ours: string): Error {
  return new Error(
    `the option dataSource leads to ${theirs}, and databaseUrl to ${ours}: a transaction needs both in one database`,
  );
}

/**
 * TypeORM's side of a transaction that is committed here. Its own `commitTransaction` would call subscribers of the
 * application between the alterations and the commit, under the lock of the tenant.
 */
export class HostRunner {
  readonly manager: EntityManager;
  readonly notes: TransactionNotes;
  private isSealed = false;

  constructor(readonly runner: QueryRunner) {
    this.notes = runner as unknown as TransactionNotes;
    const guarded = new Proxy(runner, {
      get: (target, key, receiver) => {
        const value: unknown = Reflect.get(target, key, receiver);
        if (!this.isSealed) return value;
        if (key === 'isReleased') return true;
        // what nobody has awaited would be written after the commit, or be committed though the rest is not
        if (typeof value === 'function') throw new Error('the transaction is over: await all that it writes');
        return value;
      },
    });
    this.manager = runner.dataSource.createEntityManager(guarded);
  }

  async seal(): Promise<void> {
    await this.runner.broadcaster.broadcast('BeforeTransactionCommit');
    this.isSealed = true;
  }

  /** From now on nothing is sent through the manager: behind a rollback it would be kept. */
  close(): void {
    this.isSealed = true;
  }

  /** Tells TypeORM, and whoever listens to it, that the transaction has ended. */
  async ended(isCommitted: boolean): Promise<void> {
    Object.assign(this.notes, { isTransactionActive: false, transactionDepth: 0 });
    const event = isCommitted ? 'AfterTransactionCommit' : 'AfterTransactionRollback';
    // what a listener of the application throws changes nothing of it: TypeORM has told it to its log, or to nobody
    await this.runner.broadcaster.broadcast(event).catch(() => undefined);
  }
}
