import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import { fileOf } from '../database/data-source.js';
import { DEFAULT_SCHEMA, type Statement, type Tables } from '../database/tables.js';
import { elapse } from '../ledger/elapse.js';
import { HostRunner, requireHost } from '../ledger/stores/host-runner.js';
import { inTime } from '../ledger/in-time.js';
import { isLocked } from '../ledger/stores/sqlite/patience.js';
import { statementsIn } from '../ledger/stores/postgres/postgres.texts.js';
import type { DeliveryTransaction } from './consumer-options.js';

/** How long one may take, in milliseconds: on SQLite no other write of this process begins meanwhile. */
const MOST_MS = 5_000;

/** How long a lock of another process is waited for, and how often it is asked for, in milliseconds. */
const PATIENCE_MS = 5_000;
const PAUSE_MS = 20;

/** Where the transactions are made. */
export interface TransactionPlace {
  readonly databaseUrl: string;
  readonly databaseSchema: string | undefined;
  /** The application's own, to the same database. */
  readonly dataSource: DataSource | undefined;
}

/** A connection to the file beside that of the application: it changes no tables, and waits for no lock in the driver. */
const OWN_FILE = {
  type: 'better-sqlite3',
  timeout: 0,
  synchronize: false,
  dropSchema: false,
  migrationsRun: false,
} as const;

/** As durable as our own writes are; a process that stalls loses the row of the cursor. */
const SETTINGS = `SET LOCAL synchronous_commit = on; SET LOCAL idle_in_transaction_session_timeout = ${MOST_MS}; SET LOCAL "atome.tenant" = '*'`;

interface Cuttable {
  releasePostgresConnection(error: Error): Promise<void>;
}

/** Somebody else has handled the event, or may by now. */
export class Overtaken extends Error {
  constructor() {
    super('another process has taken the consumer over, so that this transaction is not committed');
  }
}

/** What has kept a transaction from beginning, which is not the doing of whoever wanted it. */
export class NotBegun extends Error {
  constructor(cause: unknown, help = '') {
    super(`the transaction of a delivery has not begun: ${cause instanceof Error ? cause.message : 'unknown'}${help}`, {
      cause,
    });
  }
}

/** The code of an error of PostgreSQL: a role lacks a right. */
const FORBIDDEN = '42501';

class TooLong extends Error {
  constructor(ms: number) {
    super(`the transaction of a delivery takes longer than ${ms} ms, and is rolled back`);
  }
}

/** Transactions of an application's own rows, in which a statement of ours is the first. */
export class HostTransactions {
  private readonly isSqlite: boolean;
  private readonly textOf: (statement: string) => string;
  private own: Promise<DataSource> | undefined;

  constructor(
    private readonly place: TransactionPlace,
    private readonly tables: Pick<Tables, 'apart'>,
    private readonly mostMs = MOST_MS,
  ) {
    this.isSqlite = place.databaseUrl.startsWith('sqlite:');
    this.textOf = this.isSqlite ? (text) => text : statementsIn(place.databaseSchema ?? DEFAULT_SCHEMA);
  }

  /**
   * Runs `first`, which must return a row, then `work`, and commits both.
   * @throws Overtaken when it returns none; NotBegun when the work was not begun for another reason.
   */
  async run<T>(first: Statement, work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T> {
    const state = { isBegun: false };
    try {
      return await this.inTurn(first, (transaction) => {
        state.isBegun = true;
        return work(transaction);
      });
    } catch (error) {
      if (state.isBegun || error instanceof Overtaken) throw error;
      throw new NotBegun(error, driverError(error).code === FORBIDDEN ? this.grants : '');
    }
  }

  private get grants(): string {
    const schema = this.place.databaseSchema ?? DEFAULT_SCHEMA;
    return `. Its role, that of the option dataSource, needs GRANT USAGE ON SCHEMA "${schema}", and GRANT SELECT, UPDATE, DELETE ON "${schema}".consumers, "${schema}".consumer_cursors, "${schema}".dead_letters`;
  }

  private inTurn<T>(first: Statement, work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T> {
    return this.tables.apart(async () => {
      const { dataSource } = this.place;
      // on SQLite a data source has one connection, on which the application may be in the middle of a transaction of its own
      if (dataSource) requireHost(dataSource, this.isSqlite ? 'better-sqlite3' : 'postgres');
      const source = dataSource && !this.isSqlite ? dataSource : await this.ownSource();
      const runner = source.createQueryRunner();
      try {
        return await this.runOn(runner, first, work);
      } finally {
        await runner.release();
      }
    });
  }

  private ownSource(): Promise<DataSource> {
    this.own ??= this.open().catch((error: unknown) => {
      // the next one tries again
      this.own = undefined;
      throw error;
    });
    return this.own;
  }

  async close(): Promise<void> {
    const { own } = this;
    this.own = undefined;
    await (await own?.catch(() => undefined))?.destroy();
  }

  private async runOn<T>(
    runner: QueryRunner,
    first: Statement,
    work: (transaction: DeliveryTransaction) => Promise<T>,
  ): Promise<T> {
    await this.begin(runner, first);
    const host = new HostRunner(runner);
    try {
      const result = await inTime(work({ manager: host.manager }), this.mostMs, () => {
        throw new TooLong(this.mostMs);
      });
      await host.seal();
      // PostgreSQL takes a COMMIT behind a statement that has failed, and commits nothing: another statement tells
      await runner.query(this.isSqlite ? 'COMMIT' : 'SELECT 1; COMMIT');
      await host.ended(true);
      return result;
    } catch (error) {
      // takes no more statements from here on: they would be sent behind the rollback, and be committed one by one
      host.close();
      // what goes on behind our back must not write outside of a transaction: on SQLite, to the one connection
      if (error instanceof TooLong || this.isSqlite) await this.cut(runner);
      // what hinders the rollback is the cause of the error, or its consequence
      else await runner.query('ROLLBACK').catch(() => this.cut(runner));
      await host.ended(false);
      throw error;
    }
  }

  /** The statement takes the lock, of the file or of the row. @throws Overtaken */
  private async begin(runner: QueryRunner, [statement, ...params]: Statement): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await runner.startTransaction();
        if (!this.isSqlite) await runner.query(SETTINGS);
        const { records } = await runner.query(this.textOf(statement), [...params], true);
        if ((records as unknown[]).length > 0) return;
        throw new Overtaken();
      } catch (error) {
        if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => this.cut(runner));
        if (!isLocked(driverError(error)) || performance.now() > until) throw error;
      }
      await elapse(PAUSE_MS);
    }
  }

  /** A statement that hangs would hold a rollback up: the end of the connection is one, too. */
  private async cut(runner: QueryRunner): Promise<void> {
    if (this.isSqlite) return this.close();
    await (runner as unknown as Cuttable).releasePostgresConnection(new Error('the transaction is over'));
  }

  private async open(): Promise<DataSource> {
    const { databaseUrl, dataSource } = this.place;
    const file = this.isSqlite ? fileOf(databaseUrl) : undefined;
    if (!this.isSqlite) {
      return new DataSource({
        type: 'postgres',
        url: databaseUrl,
        applicationName: 'atome-sync',
        extra: { max: 4 },
      }).initialize();
    }
    if (file === undefined) {
      throw new Error('a transaction of a delivery needs a database that is not in memory: name a file in databaseUrl');
    }
    const ofHost = dataSource?.options as Extract<DataSourceOptions, { type: 'better-sqlite3' }> | undefined;
    return new DataSource({
      ...ofHost,
      ...OWN_FILE,
      database: file,
      prepareDatabase: async (db: { pragma(text: string): unknown }): Promise<void> => {
        await ofHost?.prepareDatabase?.(db);
        db.pragma('synchronous = FULL');
      },
    }).initialize();
  }
}

/** What TypeORM has wrapped. */
function driverError(error: unknown): { readonly code?: unknown } {
  return (error as { driverError?: object } | undefined)?.driverError ?? (error as object | undefined) ?? {};
}
