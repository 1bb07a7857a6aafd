import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import { selectList, type Dialect } from '../../src/ledger/stores/list.sql.js';
import { statementsIn } from '../../src/ledger/stores/postgres/postgres.texts.js';
import * as sql from '../../src/ledger/stores/sql.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { startApp } from '../support/server/app.js';
import type { Database } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { alterationRow, atomeRow, created, putRows } from '../support/ledger/rows.js';

const TABLES = ['ledgers', 'alterations', 'atomes', 'receipts', 'propagations'].map((name) => `atome_${name}`);
const textOf = statementsIn('atome');
/** Their tenants are named to a server that starts. */
const TENANTS_KNOWN = ['atome_ledgers', 'atome_propagations'];
const receipt = { opId: 'op', atomeId: 'x', operation: 'update', changes: '{}', seq: 1, version: 1, author: 'x' };

/** The store as it would be with a statement that has forgotten its tenant. */
interface Careless {
  query(scope: string, statement: string, params: readonly unknown[]): Promise<Record<string, unknown>[]>;
}

describe('the wall between the tenants in PostgreSQL', () => {
  let database: Database;
  let store: LedgerStore;
  let careless: Careless;
  beforeEach(async () => {
    database = await createOwnedDatabase();
    store = await openStore(database.url);
    careless = store as unknown as Careless;
    for (const tenant of ['one', 'two']) {
      await putRows(store, tenant, { ...created(atomeRow(`${tenant}-1`, 1)), receipts: [{ ...receipt }] });
      await careless.query(tenant, `INSERT INTO atome_propagations VALUES ('${tenant}', 'x', '', 1, 'x', 'x', 0)`, []);
    }
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  it.each(TABLES)('hides the rows of others in %s from a statement with a wrong condition', async (table) => {
    const tenantsOf = async (scope: string, where: string): Promise<unknown[]> =>
      (await careless.query(scope, `SELECT tenant FROM ${table} WHERE ${where}`, [])).map(({ tenant }) => tenant);
    expect(await tenantsOf('one', 'true')).toEqual(['one']);
    expect(await tenantsOf('two', 'true')).toEqual(['two']);
    expect(await tenantsOf('one', `tenant = 'two' OR 1 = 1`)).toEqual(['one']);
    expect(await tenantsOf('one', `tenant = 'two'`)).toEqual([]);
    expect(await tenantsOf('', 'true')).toEqual([]);
    expect((await tenantsOf('*', 'true')).sort()).toEqual(TENANTS_KNOWN.includes(table) ? ['one', 'two'] : []);
  });

  it('lets nobody change or add the rows of others', async () => {
    for (const table of TABLES) {
      expect(await careless.query('one', `UPDATE ${table} SET seq = 7 WHERE tenant = 'two' RETURNING seq`, [])).toEqual(
        [],
      );
      expect(await careless.query('*', `UPDATE ${table} SET seq = 7 RETURNING seq`, [])).toEqual([]);
      expect(await careless.query('one', `DELETE FROM ${table} WHERE tenant = 'two' RETURNING seq`, [])).toEqual([]);
    }
    const foreign = `INSERT INTO atome_ledgers SELECT 'three', epoch, seq, hash, timestamp FROM atome_ledgers`;
    await expect(careless.query('one', foreign, [])).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringContaining('row-level security') },
    });
  });

  it.each(['atome_consumer_cursors', 'atome_dead_letters'])(
    'hides the rows of others in %s from all but those who go through all tenants',
    async (table) => {
      const columns = table === 'atome_dead_letters' ? `'c', t, 1, 'a', 1, 'e', 0, 0` : `'c', t, 1, 0, 0, NULL`;
      await careless.query('*', `INSERT INTO ${table} SELECT ${columns} FROM (VALUES ('one'), ('two')) AS v (t)`, []);
      const seen = async (scope: string): Promise<unknown[]> =>
        (await careless.query(scope, `SELECT tenant FROM ${table} ORDER BY tenant`, [])).map(({ tenant }) => tenant);
      expect([await seen('one'), await seen(''), await seen('*')]).toEqual([['one'], [], ['one', 'two']]);
      expect(await careless.query('one', `DELETE FROM ${table} WHERE tenant = 'two' RETURNING seq`, [])).toEqual([]);
    },
  );

  it.each(['atome_webhooks', 'atome_webhook_deliveries'])('does the same with those in %s', async (table) => {
    const insert =
      table === 'atome_webhooks'
        ? `INSERT INTO ${table} SELECT t, t, 'u', 'null', 'null', '', 1, NULL, 's', NULL, 0, 'a', 0`
        : `INSERT INTO ${table} SELECT t, 1, t, 'm', 'e', 'a', 'dead', 1, NULL, NULL, 0, 0, NULL`;
    await careless.query('*', `${insert} FROM (VALUES ('one'), ('two')) AS v (t)`, []);
    const seen = async (scope: string): Promise<unknown[]> =>
      (await careless.query(scope, `SELECT tenant FROM ${table} ORDER BY tenant`, [])).map(({ tenant }) => tenant);
    expect([await seen('one'), await seen(''), await seen('*')]).toEqual([['one'], [], ['one', 'two']]);
  });

  it('shows nothing to a connection that names no tenant', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    for (const table of TABLES) expect((await client.query(textOf(`SELECT * FROM ${table}`))).rows).toEqual([]);
    await client.end();
  });

  it('never lets a connection go on in the scope of another, also after refusals', async () => {
    const ask = async (n: number): Promise<void> => {
      const tenant = n % 2 === 0 ? 'one' : 'two';
      if (n % 7 === 0) await careless.query(tenant, 'SELECT 1 / 0', []).catch(() => undefined);
      if (n % 5 === 0) {
        const refuse = (): never => {
          throw new Error('refused');
        };
        await store
          .ledger(tenant)
          .write.commit({ atomeIds: [], ops: [] }, refuse)
          .catch(() => undefined);
      }
      if (n % 3 === 0) expect([...(await store.heads(['one', 'two'])).keys()].sort()).toEqual(['one', 'two']);
      expect(await store.ledger(tenant).atomes.get(`${tenant}-1`)).toMatchObject({ id: `${tenant}-1` });
      expect(await store.ledger(tenant).alterations.page({ after: 0, upTo: 9, limit: 9, chars: 9 })).toMatchObject([
        { atomeId: `${tenant}-1` },
      ]);
    };
    // many more at once than there are connections, but not so many that some wait for too long
    for (let wave = 0; wave < 300; wave += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => ask(wave + n)));
    }
    await putRows(store, 'two', { alterations: [alterationRow(2, 'two-1', 2)] });
    expect(await store.ledger('two').write.head()).toMatchObject({ seq: 2 });
    expect(await store.tenants()).toEqual(['one', 'two']);
  });

  it('does not keep the statements behind it from looking rows up', async () => {
    const ids = Array.from({ length: 2_000 }, (_, n) => atomeRow(`many-${n}`, n + 1));
    await putRows(store, 'many', created(...ids));
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`SELECT set_config('atome.tenant', 'many', false)`);
    const plan = async (statement: string, params: unknown[]): Promise<string> => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(textOf(`EXPLAIN ${statement}`), params);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    await client.query('ANALYZE');
    const { dialect } = store as unknown as { dialect: Dialect };
    const query = { includeDeleted: true, sortBy: 'updatedAt', sortOrder: 'desc', limit: 5, offset: 0 } as const;
    const list = selectList('many', { ...query, after: { value: 9, id: 'x' } }, dialect);
    const trail = sql.selectAuditRows('many', { after: 1, upTo: 9, newestFirst: true, limit: 5, author: 'x' });
    const plans = [
      await plan(sql.selectDeltaChain(dialect.pairsOf), ['[["many-1",1]]', 'many', '[["many-1",1]]', 'many']),
      await plan(sql.SELECT_PAGE, ['many', 10, 20, 5, 5]),
      await plan(sql.SELECT_NEWEST, ['many', 10, 20, 5, 5]),
      await plan(sql.SELECT_VERSIONS, ['many', 'many-1', 1, 2]),
      await plan(list.sql, [...list.params]),
      await plan(trail.sql, [...trail.params]),
    ];
    await client.end();
    // nearly always there is nothing in these tables
    for (const each of plans) expect(each).not.toMatch(/Seq Scan on (?!propagations|bases)/);
  });

  it('leaves the server whole', async () => {
    const server = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url });
    try {
      const alice = server.api.as(tokenOf('writer'));
      await alice.create({ n: 1 }, { id: 'a' });
      await alice.patch('/api/atome/a', { n: 2 });
      await server.api.as(tokenOf('writer', { tenant: 'other' })).create({ n: 9 }, { id: 'b' });
      expect((await alice.get('/api/atome/list?search=n')).body.data).toMatchObject([{ id: 'a', data: { n: 2 } }]);
      expect((await alice.get('/api/sync/changes?since=0')).body).toMatchObject({ to: 2 });
      expect(await alice.post('/api/atome/a/restore', { version: 1 })).toMatchObject({ status: 200 });
      expect(await alice.post('/api/atome/a/erase')).toMatchObject({ status: 200 });
    } finally {
      await server.close();
    }
    for (const tenant of ['acme', 'other']) expect((await verifyLedger(store.ledger(tenant))).fault).toBeUndefined();
  });
});
