import { existsSync, realpathSync } from 'node:fs';
import { fileOf } from '../database/data-source.js';
import { Failure } from './command.js';
import { migrateDatabase, openStore, type StoreOptions } from '../ledger/stores/open-store.js';
import type { SqlStore } from '../ledger/stores/sql.store.js';
import { ledgerKeyOf, type LedgerKey } from '../ledger/compaction/checkpoint.js';
import { OpenError } from '../database/open-error.js';
import { sharedSecret } from '../database/shared-secret.js';
import type { DatabaseConfig } from '../config/database-environment.js';
import { verifyLedger, type VerifyResult } from '../ledger/integrity/verify-ledger.js';

/** The settings that say which database. */
export const DATABASE_SETTINGS = ['DATABASE_URL', 'DATABASE_SCHEMA'] as const;

/** What a store says while a command runs. */
export function report(_kind: string, line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Whether a file may be written: that it is not there, or may be replaced, and is no file of the database. @throws Failure */
export function requireFree(file: string, { databaseUrl }: DatabaseConfig, replaces: boolean): void {
  if (!existsSync(file)) return;
  const database = databaseUrl.startsWith('sqlite:') ? fileOf(databaseUrl) : undefined;
  if (database !== undefined && existsSync(database)) {
    const [path, own] = [realpathSync(file), realpathSync(database)];
    if (path === own || path.startsWith(`${own}-`))
      throw new Failure(`${file} is the database itself: name another file`);
  }
  if (!replaces) throw new Failure(`${file} is there already: name another file, or say --replace`);
}

/**
 * Opens the database that is there, as it is, for as long as `work` takes. Never its replica: what is verified or copied is
 * what the writes are decided on.
 * @throws OpenError where there is none.
 */
export async function withStore<T>(
  { databaseUrl, databaseSchema: schema, postgres = {} }: DatabaseConfig,
  work: (store: SqlStore) => Promise<T>,
  options: StoreOptions = {},
): Promise<T> {
  const { readUrl: _replica, ...limits } = postgres;
  if (databaseUrl === 'sqlite::memory:') {
    throw new OpenError('DATABASE_URL=sqlite::memory: is another database in each process: name a file, or PostgreSQL');
  }
  const store = await openStore(databaseUrl, {
    schema,
    postgres: limits,
    report,
    migrates: false,
    isSearched: false,
    ...options,
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Whether a database has tables of an earlier version, which `serve` and `migrate` bring up to date. @throws OpenError */
export async function hasEarlierTables({ databaseUrl, databaseSchema: schema }: DatabaseConfig): Promise<boolean> {
  // of which withStore says what is wrong
  if (databaseUrl === 'sqlite::memory:') return false;
  const { pending, isEmpty } = await migrateDatabase(databaseUrl, { schema, report }, true);
  return pending.length > 0 && !isEmpty;
}

/** What signs floors: LEDGER_KEY, or a secret that is kept in the database. */
export async function ledgerKey(store: SqlStore, { retention }: DatabaseConfig): Promise<LedgerKey> {
  return ledgerKeyOf(retention?.ledgerKey ?? (await sharedSecret(store, 'ledger')));
}

/**
 * Walks the ledgers of all tenants; each result is told at once. Resolves with whether all are sound.
 * @param trusted public keys that floors may be signed with; left out: any.
 */
export async function verifyAll(
  store: SqlStore,
  told: (result: VerifyResult) => void,
  progress: (text?: string) => void,
  trusted?: readonly string[],
): Promise<boolean> {
  let isSound = true;
  for (const tenant of await store.tenants()) {
    const result = await verifyLedger(
      store.ledger(tenant),
      (seq, head) => progress(`${tenant}: ${seq} of ${head}`),
      trusted,
    );
    progress();
    told(result);
    isSound &&= result.fault === undefined;
  }
  return isSound;
}

export function verdict({ tenant, alterations, atomes, floor, fault }: VerifyResult): string {
  const from = floor === undefined ? '' : `, those up to ${floor} in archives`;
  if (!fault) return `${tenant}: sound, ${alterations} alterations${from} and ${atomes} atomes`;
  const row = fault.seq === undefined ? '' : ` at seq ${fault.seq}`;
  const atome = fault.atomeId === undefined ? '' : ` (atome ${fault.atomeId})`;
  return `${tenant}: BAD${row}${atome}: ${fault.reason}`;
}

/** A word for a shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
