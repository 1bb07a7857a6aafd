import type BetterSqlite3 from 'better-sqlite3';
import { setTimeout } from 'node:timers/promises';
import { DataSource, MigrationExecutor, type Migration } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import { takePostgresPlace } from './postgres-place.js';
import { takeSqlitePlace } from './sqlite-place.js';
import { PREFIX } from './tables.js';

/** Which migrations have run, by name. */
export interface MigrationState {
  readonly pending: readonly string[];
  /** Those that have run and are not known: a later version has made them. */
  readonly later: readonly string[];
  /** Whether none has run. */
  readonly isEmpty: boolean;
  /** Of the later ones, the first that takes away what servers of this version need. */
  readonly tooLate: string | undefined;
}

/** The code of PostgreSQL for a lock that was not had in time. */
const NO_LOCK = '55P03';
/** How long a migration waits for those that use its tables, and everybody else behind it, in milliseconds; and how long it lets them go on. */
const LOCK_MS = 500;
const PAUSE_MS = 2_000;

const IN_USE =
  "the tables are to be brought up to date, and a transaction of others uses them: this is tried again until it has ended (SELECT pid, query FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' OR query LIKE 'COPY%')";

/** The database of a ledger, whose tables stand apart from those of others: in a schema, or behind a prefix. */
export class LedgerDataSource extends DataSource {
  /** @param schema of PostgreSQL; left out, it is the usual one. */
  constructor(
    databaseUrl: string,
    private readonly schema?: string,
  ) {
    super(dataSourceOptions(databaseUrl, schema));
    // what fails is thrown, and whoever catches it says more than TypeORM does to the console
    this.logger.logMigration = () => undefined;
  }

  /** @param onWaiting is told why it does not go on for now. */
  override runMigrations(_options?: unknown, onWaiting: (why: string) => void = () => undefined): Promise<Migration[]> {
    return this.options.type === 'postgres' ? this.migratePostgres(onWaiting) : this.migrateSqlite();
  }

  /** Changes nothing. */
  async migrationState(executor = new MigrationExecutor(this)): Promise<MigrationState> {
    const executed = (await executor.getExecutedMigrations()).map(({ name }) => name);
    const known = this.migrations.map(({ name }) => name!);
    const later = executed.filter((name) => !known.includes(name));
    const knows = (time: string): boolean => known.some((name) => name.endsWith(time));
    return {
      // what names none takes nothing away
      tooLate: later.find((name) => !knows(/Since(\d{13})/.exec(name)?.[1] ?? '')),
      pending: known.filter((name) => !executed.includes(name)),
      later,
      isEmpty: executed.length === 0,
    };
  }

  /** Takes the place of the tables first, with those that an earlier version has made. */
  private migrateSqlite(): Promise<Migration[]> {
    const { databaseConnection } = this.driver as unknown as { databaseConnection: BetterSqlite3.Database };
    takeSqlitePlace(databaseConnection);
    return super.runMigrations();
  }

  /** As {@link migrateSqlite}, beside servers that go on: whoever waited for their locks without an end would have them all wait. */
  private async migratePostgres(onWaiting: (why: string) => void): Promise<Migration[]> {
    const runner = this.createQueryRunner();
    try {
      await runner.query(`SET lock_timeout = ${LOCK_MS}`);
      let pending: readonly string[] | undefined;
      for (;;) {
        try {
          await takePostgresPlace(runner, (this.options as { schema: string }).schema, this.schema !== undefined);
          const executor = new MigrationExecutor(this, runner);
          const state = await this.migrationState(executor);
          pending ??= state.pending;
          // whole, or not at all; on tables that are used each lets go of its locks before the next takes its own
          executor.transaction = state.isEmpty ? 'all' : 'each';
          await executor.executePendingMigrations();
          // the newest is the first there
          return (await executor.getExecutedMigrations()).filter(({ name }) => pending!.includes(name)).reverse();
        } catch (error) {
          if ((error as { code?: unknown }).code !== NO_LOCK) throw error;
          onWaiting(IN_USE);
          await setTimeout(PAUSE_MS);
        }
      }
    } finally {
      // a connection that has gone has no setting any more, and what it ended with is to be told
      await runner.query('RESET lock_timeout').catch(() => undefined);
      await runner.release();
    }
  }

  /** The names of indexes are in one room with those of tables on SQLite, and TypeORM gives them no prefix. */
  protected override async buildMetadatas(): Promise<void> {
    await super.buildMetadatas();
    if (this.options.type === 'postgres') return;
    for (const { indices } of this.entityMetadatas) for (const index of indices) index.name = `${PREFIX}${index.name}`;
  }
}
