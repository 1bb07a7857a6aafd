import { SCHEMA_PATTERN } from '../database/tables.js';
import { DEFAULT_POSTGRES_LIMITS, type PostgresLimits } from '../ledger/stores/postgres/postgres.limits.js';
import { ConfigError } from './config-error.js';
import { DEFAULT_DATABASE_URL, type AtomeOptions, type RetentionOptions } from './module-options.js';
import { readRetention } from './retention-environment.js';
import { VariableReader, type Environment } from './variable-reader.js';

/** What the environment says of the database. */
export type DatabaseConfig = Pick<AtomeOptions, 'databaseSchema' | 'migrate' | 'postgres'> & {
  readonly databaseUrl: string;
  readonly retention?: RetentionOptions;
};

/** Reads nothing else: who only opens the database listens to nobody. @throws ConfigError */
export function readDatabaseConfig(environment: Environment): DatabaseConfig {
  const problems: string[] = [];
  const config = readDatabase(new VariableReader(environment, problems));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

export function readDatabase(read: VariableReader): DatabaseConfig {
  const databaseSchema = read.optional('DATABASE_SCHEMA');
  if (databaseSchema !== undefined && !SCHEMA_PATTERN.test(databaseSchema)) {
    const expected = 'a name for a schema of PostgreSQL, in lower case, such as atome';
    read.refuse(`DATABASE_SCHEMA=${databaseSchema}: expected ${expected}`);
  }
  return {
    databaseUrl: read.text(
      'DATABASE_URL',
      DEFAULT_DATABASE_URL,
      /^(?:sqlite:.+|postgres(?:ql)?:\/\/.+)$/,
      'sqlite:<path>, sqlite::memory: or postgres://user:password@host:port/database',
    ),
    ...(databaseSchema !== undefined && { databaseSchema }),
    migrate: read.choice('MIGRATE', 'on', ['on', 'off']) === 'on',
    postgres: readPostgres(read),
    retention: readRetention(read),
  };
}

function readPostgres(read: VariableReader): PostgresLimits {
  const { writes, reads, heavyReads, statementMs, lockMs } = DEFAULT_POSTGRES_LIMITS;
  const readUrl = read.optional('DATABASE_READ_URL');
  if (readUrl !== undefined && !/^postgres(?:ql)?:\/\/.+$/.test(readUrl))
    read.refuse(
      'DATABASE_READ_URL: expected postgres://user:password@host:port/database, of a replica of DATABASE_URL',
    );
  return {
    ...(readUrl !== undefined && { readUrl }),
    // with one, a single tenant could have all
    writes: read.integer('POSTGRES_WRITE_CONNECTIONS', writes, 2, 1_000),
    reads: read.integer('POSTGRES_READ_CONNECTIONS', reads, 2, 1_000),
    heavyReads: read.integer('POSTGRES_HEAVY_CONNECTIONS', heavyReads, 2, 1_000),
    statementMs: read.integer('POSTGRES_STATEMENT_TIMEOUT_MS', statementMs, 100, 3_600_000),
    lockMs: read.integer('POSTGRES_LOCK_TIMEOUT_MS', lockMs, 10, 60_000),
  };
}
