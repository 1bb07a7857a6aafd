import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { LedgerDataSource } from '../../src/database/ledger-data-source.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { PostgresStore } from '../../src/ledger/stores/postgres/postgres.store.js';
import { startApp } from '../support/server/app.js';
import { FaultProxy } from '../support/faults/fault-proxy.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';

const TENANT = 'default';
const NOTHING = { atomeIds: [], ops: [] };

describe('a PostgreSQL that does not answer', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  it('makes the server not ready before a query is given up, for all who ask, and ready when it is back', async () => {
    const proxy = await FaultProxy.to(database.url);
    const url = new URL(database.url);
    url.port = new URL(proxy.url).port;
    const server = await startApp({ DATABASE_URL: url.href });
    expect((await server.api.get('/health/ready')).status).toBe(200);
    proxy.break({ kind: 'black-hole' });
    const before = performance.now();
    const answers = await Promise.all([1, 2, 3].map(() => server.api.get('/health/ready')));
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(answers[0]!.text).toContain('has not answered');
    // far from the minute after which a query ends by itself
    expect(performance.now() - before).toBeLessThan(45_000);
    expect((await server.api.get('/health/live')).status).toBe(200);
    proxy.heal();
    while ((await server.api.get('/health/ready')).status !== 200);
    await server.api.create();
    await server.close();
    await proxy.close();
  });

  it('ends the transaction of a process that stalls, which is unavailable and holds nobody up', async () => {
    await (await openStore(database.url)).close();
    const lines: string[] = [];
    const store = new PostgresStore(await new LedgerDataSource(database.url).initialize(), {
      idleMs: 50,
      report: (_, line) => lines.push(line),
    });
    await store.ledger(TENANT).write.open();
    const stalled = store.ledger(TENANT).write.commit(NOTHING, () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      return { additions: null };
    });
    await expect(stalled).rejects.toMatchObject({ code: 'unavailable' });
    expect(lines).toHaveLength(1);
    await store.ledger(TENANT).write.commit(NOTHING, () => ({ additions: null }));
    await store.close();
  });

  it('whose name is not found any more is unavailable, and is there again with its name', async () => {
    await (await openStore(database.url)).close();
    const dataSource = await new LedgerDataSource(database.url).initialize();
    const far = new PostgresStore(dataSource);
    const { pools } = (far as unknown as { connections: { pools: Record<string, { pool: pg.Pool }> } }).connections;
    await far.ledger(TENANT).write.open();
    const used = Object.values(pools).map(({ pool }) => pool);
    const known = used.map(({ options }) => ({ ...options }));
    for (const pool of used) {
      (await pool.connect()).release(true);
      Object.assign(pool.options, { connectionString: undefined, host: 'no-such-host.invalid' });
    }
    await expect(far.ledger(TENANT).write.head()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(far.ledger(TENANT).write.commit(NOTHING, () => ({ additions: null }))).rejects.toMatchObject({
      code: 'unavailable',
    });
    used.forEach((pool, index) => Object.assign(pool.options, known[index]));
    expect(await far.ledger(TENANT).write.head()).toMatchObject({ seq: 0 });
    await far.close();
  });
});
