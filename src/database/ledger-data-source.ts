import type BetterSqlite3 from 'better-sqlite3';
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
}

/** The database of a ledger, whose tables stand apart from those of others: in a schema, or behind a prefix. */
export class LedgerDataSource extends DataSource {
  /** @param schema of PostgreSQL; left out, it is the usual one. */
  constructor(
    databaseUrl: string,
    private readonly schema?: string,
  ) {
    super(dataSourceOptions(databaseUrl, schema));
  }

  /** Takes the place of the tables first, with those that an earlier version has made. */
  override async runMigrations(options?: Parameters<DataSource['runMigrations']>[0]): Promise<Migration[]> {
    await this.takePlace();
    return super.runMigrations(options);
  }

  /** Changes nothing. */
  async migrationState(): Promise<MigrationState> {
    const executed = (await new MigrationExecutor(this).getExecutedMigrations()).map(({ name }) => name);
    const known = this.migrations.map(({ name }) => name!);
    return {
      pending: known.filter((name) => !executed.includes(name)),
      later: executed.filter((name) => !known.includes(name)),
      isEmpty: executed.length === 0,
    };
  }

  private async takePlace(): Promise<void> {
    if (this.options.type !== 'postgres') {
      const { databaseConnection } = this.driver as unknown as { databaseConnection: BetterSqlite3.Database };
      takeSqlitePlace(databaseConnection);
      return;
    }
    const runner = this.createQueryRunner();
    try {
      await takePostgresPlace(runner, this.options.schema!, this.schema !== undefined);
    } finally {
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
