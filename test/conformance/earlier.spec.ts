import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LEDGER_STORE } from '../../src/ledger/store.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { fillAsBefore, run } from '../support/databases/earlier.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { login, WITH_ACCOUNTS } from '../support/server/accounts.js';
import { startApp } from '../support/server/app.js';
import { tokenOf } from '../support/server/tokens.js';

const TABLES = [
  'account_sessions',
  'accounts',
  'alterations',
  'atomes',
  'bases',
  'edge_cursors',
  'edge_refusals',
  'consumer_cursors',
  'consumers',
  'dead_letters',
  'floors',
  'ledgers',
  'propagations',
  'receipts',
  'secrets',
  'tickets',
  'webhook_deliveries',
  'webhooks',
];
const INDEXES = [
  ...['family', 'account', 'revocation', 'expiry'].map((name) => `account_sessions_by_${name}`),
  ...[
    'accounts_by_identifier',
    'alterations_by_op',
    'alterations_by_version',
    'dead_letters_by_due',
    'propagations_by_seq',
    'receipts_by_atome',
    'receipts_by_time',
    'bases_by_version',
  ],
  ...['seq', 'creation', 'kind', 'parent', 'heritage'].map((name) => `atomes_by_${name}`),
  'tickets_by_expiry',
  'webhook_deliveries_by_time',
  'webhooks_by_tenant',
];
const ALL = [...DATABASES, ['PostgreSQL without superuser', createOwnedDatabase]] as const;

describe.each(ALL)('tables that an earlier version has made among those of others, on %s,', (name, make) => {
  const isFile = name === 'SQLite';
  let database: Database;
  beforeEach(async () => {
    database = await make();
  });
  afterEach(() => database.drop());

  /** All tables and indexes, as `schema.name` on PostgreSQL; of PostgreSQL itself, of keys and of the search index none. */
  async function names(kind: 'table' | 'index'): Promise<string[]> {
    const select = isFile
      ? `SELECT name FROM sqlite_schema WHERE type = '${kind}' AND sql IS NOT NULL AND name NOT LIKE 'sqlite%'`
      : `SELECT relnamespace::regnamespace || '.' || relname AS name FROM pg_class
          WHERE relkind = '${kind === 'table' ? 'r' : 'i'}' AND relname !~ '_pkey|_pk$|^PK_|search_|^pg_|^sql_|^toast'
          AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'pg_toast', 'information_schema')`;
    return ((await run(database.url, select)) as { name: string }[]).map((row) => row.name).sort();
  }
  const ours = (table: string): string => (isFile ? `atome_${table}` : `atome.${table}`);
  const migrations = isFile ? 'atome_migrations' : 'atome.atome_migrations';

  it('are moved with all that is in them, and the ledger is sound', async () => {
    await fillAsBefore(database.url, 'CREATE TABLE orders (id integer)');
    const server = await startApp({ ...WITH_ACCOUNTS, DATABASE_URL: database.url });
    try {
      const store = server.app.get<SqlStore>(LEDGER_STORE, { strict: false });
      expect(await verifyLedger(store.ledger('acme'))).toMatchObject({ alterations: 9, atomes: 5, fault: undefined });
      expect(await verifyLedger(store.ledger('other'))).toMatchObject({ alterations: 1, fault: undefined });
      expect((await login(server.api)).status).toBe(200);
      const alice = server.api.as(tokenOf('writer'));
      expect((await alice.get('/api/atome/a')).body).toMatchObject({
        atome: { version: 3, data: { text: "it's é😀", n: 2 } },
      });
      const again = { opId: 'op-2', atomeId: 'a', operation: 'update', changes: { n: 2 } };
      expect((await alice.post('/api/sync/push', { operations: [again] })).body).toMatchObject({
        results: [{ opId: 'op-2', seq: 5 }],
      });
      await alice.patch('/api/atome/a', { n: 3 });
      expect(await verifyLedger(store.ledger('acme'))).toMatchObject({ alterations: 10, fault: undefined });
      expect((await server.api.as(tokenOf('writer', { sub: 'eve' })).get('/api/atome/p')).status).toBe(404);
    } finally {
      await server.close();
    }
    const orders = isFile ? 'orders' : 'public.orders';
    expect(await names('table')).toEqual([...TABLES.map(ours), migrations, orders].sort());
    expect(await names('index')).toEqual(INDEXES.map(ours).sort());
  });

  it('are moved once, however often and by however many the database is opened', async () => {
    await fillAsBefore(database.url);
    const stores = await Promise.all(Array.from({ length: 3 }, () => openStore(database.url)));
    stores.push(await openStore(database.url));
    for (const store of stores) expect(await store.ledger('acme').write.head()).toMatchObject({ seq: 9 });
    await Promise.all(stores.map((store) => store.close()));
    expect(await names('table')).toEqual([...TABLES.map(ours), migrations].sort());
  });

  it('keep what their owner has added to them', async () => {
    await fillAsBefore(
      database.url,
      'CREATE TABLE seen (id varchar(128))',
      'CREATE VIEW titles AS SELECT id, data FROM atomes',
      'CREATE INDEX my_kinds ON atomes (kind)',
    );
    await (await openStore(database.url)).close();
    expect(await names('index')).toContain(isFile ? 'my_kinds' : 'atome.my_kinds');
    const scope = isFile ? [] : [`SELECT set_config('atome.tenant', 'acme', false)`];
    expect(await run(database.url, ...scope, `SELECT id FROM titles WHERE id = 'a'`)).not.toEqual([]);
  });

  it.each([
    ['accounts', ['ALTER TABLE accounts RENAME COLUMN password_hash TO total']],
    ['tickets', ['DROP TABLE tickets', 'CREATE TABLE tickets (id integer, seat text)']],
    ['alterations', ['DROP TABLE alterations']],
  ])('stay where they are when %s are somebody else’s by now, which is said', async (table, harm) => {
    await fillAsBefore(database.url, ...harm);
    const before = await names('table');
    await expect(openStore(database.url)).rejects.toThrow(new RegExp(`the table ${table} is no longer.*DATABASE_URL`));
    expect(await names('table')).toEqual(before);
  });

  it('are not taken for ours by their names', async () => {
    const theirs = ['ledgers', 'accounts', 'receipts'];
    await run(
      database.url,
      ...theirs.map((table) => `CREATE TABLE ${table} (id integer, title text)`),
      "INSERT INTO accounts VALUES (1, 'cash')",
    );
    for (let start = 0; start < 2; start += 1) await (await openStore(database.url)).close();
    expect(await run(database.url, 'SELECT * FROM accounts')).toEqual([{ id: 1, title: 'cash' }]);
    const places = theirs.map((table) => (isFile ? table : `public.${table}`));
    expect(await names('table')).toEqual([...TABLES.map(ours), migrations, ...places].sort());
  });
});
