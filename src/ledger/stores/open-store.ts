import { existsSync } from 'node:fs';
import type { DataSource, QueryRunner } from 'typeorm';
import { migrationError, openError, placeOf, unreachableError } from './open-sentences.js';
import { inTime } from '../in-time.js';
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
import { OpenError } from '../../database/open-error.js';
import { requireOwnSessions } from '../../database/own-sessions.js';
import { MIGRATIONS_TABLE } from '../../database/tables.js';

/** How long a replica may take to be looked at, in milliseconds. */
const REPLICA_MS = 5_000;
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
  /** Whether tables are made, and brought up to date; otherwise there have to be such as this version has. Default: true. */
  readonly migrates?: boolean;
  /** Whether there is an index of searches, which follows the ledger. Default: true. */
  readonly isSearched?: boolean;
}

/**
 * Connects, brings the schema up to date and opens the store for it.
 * @throws OpenError when the database is not there, or not as it has to be.
 */
export function openStore(databaseUrl: string, options: StoreOptions = {}): Promise<SqlStore> {
  return connected(databaseUrl, options, (dataSource) =>
    dataSource.options.type === 'postgres'
      ? openPostgres(databaseUrl, dataSource, options)
      : openSqlite(databaseUrl, dataSource, options),
  );
}

/** The names of migrations, in the order in which they run. */
export interface Migrated {
  readonly pending: readonly string[];
  readonly ran: readonly string[];
  /** Whether there were no tables before. */
  readonly isEmpty: boolean;
}

/** Brings the schema up to date, and nothing else. @param isDry says only what would run. @throws OpenError as {@link openStore} */
export function migrateDatabase(databaseUrl: string, options: StoreOptions, isDry: boolean): Promise<Migrated> {
  return connected(databaseUrl, { ...options, migrates: !isDry }, async (dataSource) => {
    const { report = () => undefined } = options;
    const { pending, isEmpty } = await dataSource.migrationState();
    const run = async (runner?: QueryRunner): Promise<Migrated> => {
      const ran = await migrate(databaseUrl, dataSource, report);
      if (runner) await makeSearch(runner, report);
      return { pending, ran, isEmpty };
    };
    const isPostgres = dataSource.options.type === 'postgres';
    const state = isDry ? { pending, ran: [], isEmpty } : await (isPostgres ? alone(dataSource, report, run) : run());
    await dataSource.destroy();
    return state;
  });
}

async function connected<T>(
  databaseUrl: string,
  { schema, migrates = true }: StoreOptions,
  work: (dataSource: LedgerDataSource) => Promise<T>,
): Promise<T> {
  try {
    const path = fileOf(databaseUrl);
    if (!migrates && path !== undefined) await requireOurFile(path);
    const dataSource = new LedgerDataSource(databaseUrl, schema);
    await dataSource.initialize().catch((error: unknown) => {
      throw unreachableError(databaseUrl, error);
    });
    try {
      if (dataSource.options.type === 'postgres') await requireOwnSessions(dataSource);
      return await work(dataSource);
    } catch (error) {
      await dataSource.destroy();
      throw error;
    }
  } catch (error) {
    throw openError(databaseUrl, error);
  }
}

async function openSqlite(databaseUrl: string, dataSource: LedgerDataSource, options: StoreOptions): Promise<SqlStore> {
  const { report = () => undefined, migrates = true, isSearched = true } = options;
  await (migrates ? migrate : requireTables)(databaseUrl, dataSource, report);
  await warnOfLaterVersion(databaseUrl, dataSource, report);
  const path = fileOf(databaseUrl);
  if (path !== undefined) warnOfLooseMode(path, report);
  return new SqliteStore(dataSource, report, isSearched);
}

async function openPostgres(
  databaseUrl: string,
  dataSource: LedgerDataSource,
  options: StoreOptions,
): Promise<SqlStore> {
  const { report = () => undefined, postgres: limits = {}, migrates = true, isSearched = true } = options;
  if (limits.readUrl !== undefined) await requireSessionsOf(limits.readUrl);
  const open = async (runner: QueryRunner): Promise<SqlStore> => {
    await (migrates ? migrate : requireTables)(databaseUrl, dataSource, report);
    await warnOfLaterVersion(databaseUrl, dataSource, report);
    const [found] = (await runner.query(SELECT_COLLATION)) as { name: string }[];
    const searchable = isSearched ? await makeSearch(runner, report) : undefined;
    const store = new PostgresStore(dataSource, { collation: found?.name, searchable, limits, report });
    await store.clock.start();
    return store;
  };
  return alone(dataSource, report, open);
}

/** Of a replica that is up: one that is not is done without. @throws OpenError */
async function requireSessionsOf(readUrl: string): Promise<void> {
  const replica = new LedgerDataSource(readUrl);
  const look = async (): Promise<void> => {
    try {
      await replica.initialize();
      await requireOwnSessions(replica, 'DATABASE_READ_URL');
    } finally {
      if (replica.isInitialized) await replica.destroy();
    }
  };
  try {
    // one that is silent would hold up the start
    await inTime(look(), REPLICA_MS, () => undefined);
  } catch (error) {
    if (error instanceof OpenError) throw error;
  }
}

const WAITING =
  "another process migrates the database, and this one waits for it: if there is none, end the session that holds the advisory lock (SELECT pid FROM pg_locks WHERE locktype = 'advisory')";

/** Only one process at a time migrates. */
async function alone<T>(dataSource: DataSource, report: Report, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    const [{ isMine } = { isMine: false }] = (await runner.query(
      `SELECT pg_try_advisory_lock(${MIGRATION_LOCK}) AS "isMine"`,
    )) as { isMine: boolean }[];
    if (!isMine) {
      report('postgres migration lock', WAITING);
      await runner.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    }
    try {
      return await work(runner);
    } finally {
      await runner.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`);
    }
  } finally {
    await runner.release();
  }
}

/** Before anything is opened for writing, which would change a file that is not ours. @throws OpenError */
async function requireOurFile(path: string): Promise<void> {
  if (!existsSync(path)) throw new OpenError(`there is no file ${path}: name that of the database with DATABASE_URL`);
  const { default: Driver } = await import('better-sqlite3');
  const db = new Driver(path, { readonly: true });
  try {
    const tables = `SELECT 1 FROM sqlite_schema WHERE name = '${MIGRATIONS_TABLE}'`;
    if (db.prepare(tables).get() !== undefined) return;
  } finally {
    db.close();
  }
  throw new OpenError(`${path} has no tables of the server: name the file of its database with DATABASE_URL`);
}

async function requireTables(databaseUrl: string, dataSource: LedgerDataSource): Promise<void> {
  const { pending, isEmpty } = await dataSource.migrationState();
  if (pending.length === 0) return;
  const what = isEmpty
    ? 'it has no tables of the server'
    : `its tables are those of an earlier version (${pending[0]} has not run)`;
  throw new OpenError(
    `${placeOf(databaseUrl)}: ${what}: run atome-sync migrate, or start without MIGRATE=off (DATABASE_URL)`,
  );
}

/** @throws OpenError where they are too late for this version. */
async function warnOfLaterVersion(databaseUrl: string, dataSource: LedgerDataSource, report: Report): Promise<void> {
  const { later, tooLate } = await dataSource.migrationState();
  if (tooLate !== undefined) {
    throw new OpenError(
      `${placeOf(databaseUrl)}: its tables are those of a later version, and lack what this one needs (${tooLate} has run): update this server (DATABASE_URL)`,
    );
  }
  if (later.length === 0) return;
  report('later tables', `the tables are those of a later version (${later.at(-1)} has run): update this server`);
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

/** Returns the names of those that ran. */
async function migrate(databaseUrl: string, dataSource: LedgerDataSource, report: Report): Promise<string[]> {
  try {
    const ran = await dataSource.runMigrations(undefined, (why) => report('postgres migration', why));
    return ran.map(({ name }) => name);
  } catch (error) {
    throw migrationError(databaseUrl, error);
  }
}
