import { DriverPackageNotInstalledError, TypeORMError } from 'typeorm';
import { errorWords } from '../../database/error-words.js';
import { OpenError } from '../../database/open-error.js';
import { faultOf as faultOfPostgres } from './postgres/postgres.errors.js';
import { faultOf as faultOfSqlite } from './sqlite/sqlite.errors.js';

/** What to say of an error while the database is opened; the error itself when that is nobody's setting. */
export function openError(databaseUrl: string, error: unknown): unknown {
  if (error instanceof OpenError) return error;
  if (error instanceof DriverPackageNotInstalledError) {
    const [database, driver] = isPostgres(databaseUrl) ? ['PostgreSQL', 'pg'] : ['SQLite', 'better-sqlite3'];
    return new OpenError(`${database} needs the package "${driver}": npm install ${driver}`, error);
  }
  const sentence = isPostgres(databaseUrl) ? postgresSentence(databaseUrl, error) : sqliteSentence(databaseUrl, error);
  return sentence === undefined ? error : new OpenError(sentence, error);
}

/** As {@link openError}, of an error while the first connection is made: a setting of it is wrong, such as `sslmode`. */
export function unreachableError(databaseUrl: string, error: unknown): unknown {
  const known = openError(databaseUrl, error);
  if (known instanceof OpenError || error instanceof TypeORMError || !isPostgres(databaseUrl)) return known;
  const advice = 'correct its address, its sslmode and its certificates in DATABASE_URL';
  return new OpenError(`${placeOf(databaseUrl)}: no connection can be made (${errorWords(error)}): ${advice}`, error);
}

/** As {@link openError}, of an error while the tables are made: what is there already is not the server's. */
export function migrationError(databaseUrl: string, error: unknown): unknown {
  const known = openError(databaseUrl, error);
  if (known instanceof OpenError) return known;
  const advice = isPostgres(databaseUrl)
    ? 'something else may have made a table of that name: give the server a schema of its own with DATABASE_SCHEMA'
    : 'something else may have made a table of that name: give the server a file of its own';
  return new OpenError(
    `${placeOf(databaseUrl)}: its tables cannot be made or changed (${errorWords(error)}): ${advice} (DATABASE_URL)`,
    error,
  );
}

function isPostgres(databaseUrl: string): boolean {
  return /^postgres(?:ql)?:/.test(databaseUrl);
}

/** Never the URL itself: there is a password in it, also where it cannot be read. */
export function placeOf(databaseUrl: string): string {
  if (!isPostgres(databaseUrl)) return `SQLite, ${databaseUrl.replace(/^sqlite:/, '')}`;
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  if (!url) return 'PostgreSQL';
  return `PostgreSQL at ${url.hostname || 'localhost'}:${url.port || '5432'}, database ${url.pathname.slice(1) || '(none)'}`;
}

function sqliteSentence(databaseUrl: string, error: unknown): string | undefined {
  const fault = faultOfSqlite(error);
  if (!fault) return undefined;
  const path = databaseUrl.replace(/^sqlite:/, '');
  return `SQLite cannot use ${path}: ${fault.message} (${errorWords(error)}): ${fault.remedy}`;
}

function postgresSentence(databaseUrl: string, error: unknown): string | undefined {
  const fault = faultOfPostgres(error);
  if (!fault) return undefined;
  return `${placeOf(databaseUrl)}: ${fault.message} (${errorWords(error)}): ${fault.remedy} (DATABASE_URL)`;
}
