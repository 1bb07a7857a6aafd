/**
 * What the names of our tables begin with in SQL: in a SQLite file there may be tables of others. On PostgreSQL they have
 * a schema in its place.
 */
export const PREFIX = 'atome_';

/** Our tables, without the prefix. */
export const TABLES = [
  'ledgers',
  'alterations',
  'atomes',
  'receipts',
  'propagations',
  'tickets',
  'accounts',
  'account_sessions',
  'consumers',
  'consumer_cursors',
  'dead_letters',
  'webhooks',
  'webhook_deliveries',
  'secrets',
  'floors',
  'bases',
  'edge_cursors',
  'edge_refusals',
] as const;

/** Those of the index of searches, which can be made again; on PostgreSQL only. */
export const SEARCH_TABLES = ['search_tenants', 'search_texts'] as const;

/** Those of the indexes of fields, which are there where a kind has had some, and what keeps them on PostgreSQL. */
export const FIELD_TABLES = ['field_indexes', 'field_values', 'field_keep'] as const;

/** Which of our migrations have run. It has this name everywhere. */
export const MIGRATIONS_TABLE = 'atome_migrations';

/** Where our tables are on PostgreSQL, unless it is said. */
export const DEFAULT_SCHEMA = 'atome';

/** A schema that SQL names with and without quotes alike, and that is not PostgreSQL's own. */
export const SCHEMA_PATTERN = /^(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}$/;

/** SQL that both databases understand: `?` for its parameters, and {@link PREFIX} before our tables. */
export type Statement = readonly [sql: string, ...params: (string | number | null)[]];

/** The tables beside the ledger, for those who bring SQL of their own. A {@link LedgerStore} is one too. */
export interface Tables {
  /**
   * Runs statements in one transaction, each seeing what those before it did; resolves with the rows of each
   * (64-bit integers as text on PostgreSQL).
   */
  transact(...statements: readonly Statement[]): Promise<unknown[][]>;
  /** Runs a statement that only reads, beside all others; resolves with its rows. */
  rows(...statement: Statement): Promise<unknown[]>;
  /**
   * Runs what writes by a connection of its own. On SQLite, which has one writer, no transaction of these tables' own begins
   * before it has settled: it would have to be tried again and again.
   */
  apart<T>(work: () => Promise<T>): Promise<T>;
}
