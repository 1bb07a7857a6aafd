import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { MIGRATIONS_TABLE, SEARCH_TABLES, TABLES } from '../../src/database/tables.js';
import { LEDGER_STORE } from '../../src/ledger/store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import type { Api } from '../support/clients/api.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { watchStatements, type Sent, type Statements } from '../support/ledger/statements.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

const OPERATIONS = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const TENANT = 'acme';
/** What may be asked of all tenants at once: where they stand, never what is in them. */
const PLACES = new Set([
  ...['ledgers', 'propagations', 'search_tenants'],
  ...['webhooks', 'consumer_cursors', 'dead_letters', 'webhook_deliveries'],
]);

/** The tables that are spread by tenant, as the operator is told. */
const spread = new Set(
  [...OPERATIONS.matchAll(/create_distributed_table\('atome\.(\w+)', 'tenant'/g)].map(([, table]) => table!),
);

/** Where a statement names a table that is spread. */
function namedIn({ sql }: Sent): string[] {
  const names = [...sql.matchAll(/(?:FROM|JOIN|INTO|UPDATE) "atome"\.(\w+)/g)].map(([, table]) => table!);
  return names.filter((table) => spread.has(table));
}

/** What is told once, at the beginning, of what is erased. */
const ERASED = String.raw`gone \(tenant[^)]*\) AS \(SELECT \$(\d+)`;

/** How often it says whose rows it means. */
function boundIn({ sql }: Sent): number {
  const conditions = sql.match(/\btenant = (?:\$\d+|gone\.tenant|\(SELECT gone\.tenant)/g) ?? [];
  const inserts = sql.match(/INTO "atome"\.\w+ (?:AS \w+ )?\("?tenant"?,/g) ?? [];
  return conditions.length + inserts.length;
}

/** Whose rows it means, by its parameters. */
function tenantsOf({ sql, params }: Sent): Set<unknown> {
  const inserted = String.raw`INTO "atome"\.\w+ \("?tenant"?,[^)]*\)\s*(?:SELECT (?:CAST\()?|VALUES \()\$(\d+)`;
  const places = [String.raw`\btenant = \$(\d+)`, inserted, ERASED].flatMap((pattern) => [
    ...sql.matchAll(new RegExp(pattern, 'g')),
  ]);
  return new Set(places.map(([, place]) => params[Number(place) - 1]));
}

describe('what is written and read of one tenant on PostgreSQL', () => {
  let database: TestDatabase;
  let server: TestApp;
  let store: SqlStore;
  let statements: Statements;
  let api: Api;
  beforeAll(async () => {
    database = await createDatabase();
    server = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url });
    store = server.app.get<SqlStore>(LEDGER_STORE, { strict: false });
    api = server.api.as(tokenOf('admin', { sub: 'ann', roles: ['admin', 'writer'], tenant: TENANT }));
    await server.api.as(tokenOf('writer', { tenant: 'other' })).create();
    await api.create({ title: 'before' });
    await store.indexed();
    statements = await watchStatements(store);
  });
  afterAll(async () => {
    statements.stop();
    await server.close();
    await database.drop();
  });

  const write = async (): Promise<void> => {
    await api.create({ title: 'top' }, { id: 'top', access: { read: ['bob'], write: [] } });
    await api.create({ title: 'kid' }, { id: 'kid', parentId: 'top', access: 'inherit' });
    await api.post('/api/atome/create', { id: 'task', kind: 'task', data: { due: 1 } });
    const once = { 'idempotency-key': 'once' };
    for (let time = 0; time < 2; time += 1) await api.patch('/api/atome/kid', { a: time }, undefined, once);
    await api.post('/api/atome/top/share', { access: 'tenant' });
    await api.delete('/api/atome/kid');
    await api.post('/api/atome/kid/restore', { version: 1 });
    const operations = ['x', 'y'].map((id) => ({ opId: id, operation: 'create', atomeId: id, kind: 'task', data: {} }));
    await api.post('/api/sync/push', { operations });
    await api.post('/api/atome/x/erase');
  };
  const PATHS = [
    ...['kid', 'kid?version=1', 'kid?at=3', 'kid/history'].map((path) => `/api/atome/${path}`),
    ...['', '?search=top', '?kind=note&sort=data.title', '?count=true'].map((q) => `/api/atome/list${q}`),
    `/api/atome/list?kind=task&where=${encodeURIComponent('{"data.due":{"gt":0}}')}&sort=data.due`,
    ...['changes?since=0', 'changes?since=0&compact=true', 'snapshot'].map((path) => `/api/sync/${path}`),
    ...['user-data/export', 'audit', 'server-info'].map((path) => `/api/${path}`),
  ];

  it('names that tenant for each table that a statement touches, and no other', async () => {
    statements.take();
    await write();
    const refused: string[] = [];
    for (const path of PATHS) if ((await api.get(path)).status !== 200) refused.push(path);
    expect(refused).toEqual([]);
    await store.indexed();
    const sent = statements.takeWhole().filter((each) => namedIn(each).length > 0);
    const ofAll = sent.filter((each) => boundIn(each) < namedIn(each).length);
    const ofOne = sent.filter((each) => !ofAll.includes(each));
    expect(new Set(ofOne.flatMap(namedIn))).toEqual(
      new Set([
        'ledgers',
        'alterations',
        'atomes',
        'receipts',
        'propagations',
        'bases',
        'floors',
        'search_tenants',
        'search_texts',
      ]),
    );
    expect(ofOne.filter((each) => [...tenantsOf(each)].join() !== TENANT)).toEqual([]);
    // nobody waits for these
    for (const each of ofAll) {
      expect(each.sql).toMatch(/^SELECT/);
      expect(namedIn(each).filter((table) => !PLACES.has(table))).toEqual([]);
    }
  });

  it('is in tables whose keys all have the tenant in them, as the page for operators spreads them', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ table: string; columns: string[] }>(
      `SELECT t.relname AS table, ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = t.oid AND attnum = ANY(x.indkey)) AS columns
        FROM pg_index AS x JOIN pg_class AS t ON t.oid = x.indrelid
        WHERE t.relnamespace = 'atome'::regnamespace AND x.indisunique`,
    );
    await client.end();
    const keysOf = (table: string): string[][] =>
      rows.filter((row) => row.table === table).map(({ columns }) => columns);
    const all = new Set<string>([...TABLES, ...SEARCH_TABLES, MIGRATIONS_TABLE]);
    const there = new Set(rows.map(({ table }) => table));
    expect([...there].filter((table) => !all.has(table))).toEqual([]);
    const canBeSpread = [...there].filter((table) => keysOf(table).every((columns) => columns.includes('tenant')));
    expect([...spread].sort()).toEqual(canBeSpread.sort());
  });
});
