import type { DataSource, QueryRunner } from 'typeorm';
import { migrationError, openError, unreachableError } from './open-sentences.js';
import type { Report } from '../store-error.js';
import type { PostgresLimits } from './postgres/postgres.limits.js';
import { MAKE_SEARCH, SELECT_ALPHABET, SELECT_SEARCHABLE, type Searchable } from './postgres/postgres.search.js';
import { PostgresStore } from './postgres/postgres.store.js';
import { statementsIn } from './postgres/postgres.texts.js';
import type { SqlStore } from './sql.store.js';
import { warnOfLooseMode } from './sqlite/sqlite.file.js';
import { SqliteStore } from './sqlite/sqlite.store.js';
import { errorWords } from '../../database/error-words.js';
import { fileOf } from '../../database/data-source.js';
import { LedgerDataSource } from '../../database/ledger-data-source.js';

/** Any number that nobody else is likely to use: only one process at a time migrates. */
const MIGRATION_LOCK = 2_053_101_477;

/** ICU comes with nearly every PostgreSQL, the other since 17. */
const SELECT_COLLATION = `SELECT collname AS name FROM pg_collation
  WHERE collname IN ('und-x-icu', 'pg_c_utf8') AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))
  ORDER BY collname DESC LIMIT 1`;

/** What can be said to a store beside where it is. */
export interface StoreOptions {
  /** Is told of what the operator should know while the store is in use. */
  readonly report?: Report;
  readonly postgres?: Partial<PostgresLimits>;
  /** The schema of PostgreSQL for the tables; left out, it is the usual one. */
  readonly schema?: string | undefined;
}

/**
 * Connects, brings the schema up to date and opens the store for it.
 * @throws OpenError when the database is not there, or not as it has to be.
 */
export async function openStore(databaseUrl: string, options: StoreOptions = {}): Promise<SqlStore> {
  try {
    return await open(databaseUrl, options);
  } catch (error) {
    throw openError(databaseUrl, error);
  }
}

async function open(databaseUrl: string, options: StoreOptions): Promise<SqlStore> {
  const { report = () => undefined, postgres, schema } = options;
  const dataSource = new LedgerDataSource(databaseUrl, schema);
  await dataSource.initialize().catch((error: unknown) => {
    throw unreachableError(databaseUrl, error);
  });
  try {
    if (dataSource.options.type !== 'postgres') {
      await migrate(databaseUrl, dataSource);
      const path = fileOf(databaseUrl);
      if (path !== undefined) warnOfLooseMode(path, report);
      return new SqliteStore(dataSource, report);
    }
    const runner = dataSource.createQueryRunner();
    try {
      await runner.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
      await migrate(databaseUrl, dataSource);
      const [found] = (await runner.query(SELECT_COLLATION)) as { name: string }[];
      const searchable = await makeSearch(runner, report);
      return new PostgresStore(dataSource, { collation: found?.name, searchable, limits: postgres ?? {}, report });
    } finally {
      await runner.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`);
      await runner.release();
    }
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/** What the index of searches can look up; undefined where it cannot be made. It is no part of the schema: it can be made again. */
async function makeSearch(runner: QueryRunner, report: Report): Promise<Searchable | undefined> {
  const { schema } = runner.dataSource.options as { schema: string };
  const textOf = statementsIn(schema);
  await runner.startTransaction();
  try {
    // the extension is for all in the database: its place is as the role, the database or the URL have it
    await runner.query('SET LOCAL search_path TO DEFAULT');
    const [made] = (await runner.query(textOf(SELECT_SEARCHABLE), [schema])) as { isThere: boolean }[];
    if (!made?.isThere) for (const statement of MAKE_SEARCH) await runner.query(textOf(statement));
    const [alphabet] = (await runner.query(SELECT_ALPHABET)) as { isUnicode: boolean }[];
    await runner.commitTransaction();
    return alphabet?.isUnicode ? 'unicode' : 'ascii';
  } catch (error) {
    await runner.rollbackTransaction();
    report(
      'postgres search index',
      `searches look through all atomes of a tenant (${errorWords(error)}): have CREATE EXTENSION pg_trgm run in the database of DATABASE_URL, and let the role make tables once`,
    );
    return undefined;
  }
}

async function migrate(databaseUrl: string, dataSource: DataSource): Promise<void> {
  try {
    await dataSource.runMigrations();
  } catch (error) {
    throw migrationError(databaseUrl, error);
  }
}
