import { OpenError } from './open-error.js';
import { MIGRATIONS_TABLE, SEARCH_TABLES, TABLES } from './tables.js';

/*
 * Tables of a version that kept them among those of others: in the first schema of the path on PostgreSQL, without a
 * prefix in a SQLite file.
 */

/** Columns by table. */
export type TableColumns = ReadonlyMap<string, ReadonlySet<string>>;

interface Sign {
  /** The migration that makes it. */
  readonly madeBy: string;
  /** Columns that it has had since then, and that no table has by accident. */
  readonly columns: readonly string[];
}

const LEDGER = 'CreateLedger1760000000000';
const ACCOUNTS = 'CreateAccounts1763000000000';
const CONSUMERS = 'Consumers1771000000000';
const WEBHOOKS = 'Webhooks1772000000000';
const FLOORS = 'Floors1777000000000';
const EDGES = 'Edges1780000000000';

const SIGNS: Readonly<Record<(typeof TABLES)[number], Sign>> = {
  ledgers: { madeBy: LEDGER, columns: ['tenant', 'epoch', 'seq', 'hash', 'timestamp'] },
  alterations: { madeBy: LEDGER, columns: ['tenant', 'seq', 'atome_id', 'superseded', 'digest', 'prev_hash'] },
  atomes: { madeBy: LEDGER, columns: ['tenant', 'id', 'data', 'meta', 'clocks', 'created_seq'] },
  receipts: { madeBy: LEDGER, columns: ['tenant', 'op_id', 'atome_id', 'operation', 'changes'] },
  propagations: { madeBy: 'Propagations1768000000000', columns: ['tenant', 'parent_id', 'after_id', 'again'] },
  tickets: { madeBy: ACCOUNTS, columns: ['hash', 'identity', 'expires_at'] },
  accounts: { madeBy: ACCOUNTS, columns: ['id', 'identifier', 'password_hash', 'created_at'] },
  consumers: { madeBy: CONSUMERS, columns: ['name', 'owner', 'expires_at'] },
  consumer_cursors: { madeBy: CONSUMERS, columns: ['consumer', 'tenant', 'seq', 'due_at'] },
  dead_letters: { madeBy: CONSUMERS, columns: ['consumer', 'tenant', 'atome_id', 'failed_at'] },
  webhooks: { madeBy: WEBHOOKS, columns: ['id', 'tenant', 'url', 'secret', 'previous_secret'] },
  webhook_deliveries: { madeBy: WEBHOOKS, columns: ['webhook', 'tenant', 'seq', 'message_id', 'attempted_at'] },
  secrets: { madeBy: 'Secrets1774000000000', columns: ['name', 'secret'] },
  floors: { madeBy: FLOORS, columns: ['tenant', 'seq', 'states', 'archive_digest', 'signature'] },
  bases: { madeBy: FLOORS, columns: ['tenant', 'seq', 'atome_id', 'snapshot', 'rest', 'digest'] },
  edge_cursors: { madeBy: EDGES, columns: ['tenant', 'epoch', 'seq', 'rights', 'head', 'safe'] },
  edge_refusals: { madeBy: EDGES, columns: ['tenant', 'seq', 'atome_id', 'code', 'refused_at'] },
  account_sessions: { madeBy: ACCOUNTS, columns: ['id', 'account_id', 'family_hash', 'secret_hash'] },
};

const SEARCH_SIGNS: Readonly<Record<(typeof SEARCH_TABLES)[number], readonly string[]>> = {
  search_tenants: ['tenant', 'seq', 'hash'],
  search_texts: ['tenant', 'atome_id', 'seq', 'text'],
};

const MIGRATION_COLUMNS = ['id', 'timestamp', 'name'];

/** Whether there is a table in which migrations are remembered as ours are. */
export function hasMigrations(there: TableColumns): boolean {
  return has(there, MIGRATIONS_TABLE, MIGRATION_COLUMNS);
}

/** Whether the ledger has been made where these migrations have run. */
export function hasLedger(executed: readonly string[]): boolean {
  return executed.includes(LEDGER);
}

/**
 * Those of the tables there that are ours, by their names, their columns and what has been migrated; none when the ledger
 * was never made there.
 * @param executed names of migrations
 * @throws OpenError when one that was made there is no longer as we have made it: it may be somebody else's by now.
 */
export function ourTables(executed: readonly string[], there: TableColumns): string[] {
  if (!hasLedger(executed)) return [];
  const ours = TABLES.filter((table) => executed.includes(SIGNS[table].madeBy));
  const foreign = ours.find((table) => !has(there, table, SIGNS[table].columns));
  if (foreign !== undefined) {
    throw new OpenError(
      `the table ${foreign} is no longer as the server has made it, so that it may be somebody else's, and none of the tables is moved: put it back from a copy, then start again (DATABASE_URL)`,
    );
  }
  return [...ours, ...SEARCH_TABLES.filter((table) => has(there, table, SEARCH_SIGNS[table])), MIGRATIONS_TABLE];
}

function has(there: TableColumns, table: string, columns: readonly string[]): boolean {
  return columns.every((column) => there.get(table)?.has(column));
}
