import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LEDGER_STORE } from '../../src/ledger/store.js';
import type { Patience } from '../../src/ledger/stores/sqlite/patience.js';
import type { SqliteStore } from '../../src/ledger/stores/sqlite/sqlite.store.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { ENTRY_POINTS } from '../support/entry-points.js';
import { startApp, type TestApp } from '../support/server/app.js';

/** Walks about as long as a search through a large ledger. */
const LONG = `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000000) SELECT max(x) AS last FROM n`;

/** How many read at once. */
const READERS = 4;

describe('a server on a SQLite file', () => {
  let database: Database;
  let server: TestApp;
  let store: SqliteStore;

  beforeEach(async () => {
    database = createFile();
    server = await startApp({ DATABASE_URL: database.url });
    store = server.app.get<SqliteStore>(LEDGER_STORE, { strict: false });
    await server.api.create();
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  const scan = (tenant: string, sql: string): Promise<unknown[]> => store.scan(tenant, { sql, params: [] });

  it('takes writes on every door, and answers, while four read on and on', async () => {
    let left = READERS * ENTRY_POINTS.length;
    let isAnswered = false;
    const readOn = async (): Promise<void> => {
      while (!isAnswered && left > 0) {
        left -= 1;
        await scan('default', LONG);
      }
    };
    const reading = Promise.all(Array.from({ length: READERS }, readOn));
    for (const [door, create] of ENTRY_POINTS) expect([door, await create(server, door)]).toEqual([door, {}]);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    isAnswered = true;
    // a write that waits for whoever reads waits for one read of each of them
    expect(left).toBeGreaterThan(0);
    await reading;
  });

  it('lets tenants read in turn, so that one that asks much waits for itself', async () => {
    const order: string[] = [];
    const greedy = [1, 2, 3, 4, 5, 6].map((n) => scan('greedy', LONG).then(() => order.push(`greedy ${n}`)));
    await scan('modest', 'SELECT 1').then(() => order.push('modest'));
    await Promise.all(greedy);
    expect(order.indexOf('modest')).toBeLessThan(3);
  });

  it('reads all that was acknowledged before it asks', async () => {
    for (let n = 0; n < 50; n += 1) {
      await ENTRY_POINTS[0]![1](server, `atome-${n}`);
      const { body } = await server.api.get('/api/atome/list?sortBy=createdAt&sortOrder=desc&limit=1');
      expect(body).toMatchObject({ data: [{ id: `atome-${n}` }] });
    }
  });

  it('says what is wrong with a read, and reads on', async () => {
    await expect(scan('default', 'SELECT x FROM nowhere')).rejects.toThrow('no such table');
    expect(await scan('default', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('ends with what is being read, and takes no more', async () => {
    const read = scan('default', LONG);
    await store.close();
    expect(await read).toEqual([{ last: 3_000_000 }]);
    await expect(scan('default', LONG)).rejects.toThrow();
  });

  it('waits for the lock of another process without standing still, and takes the write when it is free', async () => {
    const other = new BetterSqlite3(database.url.slice('sqlite:'.length));
    other.exec('BEGIN IMMEDIATE');
    const writes = ENTRY_POINTS.map(([door, create]) => create(server, door));
    expect((await server.api.get('/health/live')).status).toBe(200);
    expect((await server.api.get('/api/atome/list?search=x')).status).toBe(200);
    other.exec('COMMIT');
    expect(await Promise.all(writes)).toEqual(ENTRY_POINTS.map(() => ({})));
    other.close();
  });

  it('refuses what waits for a lock that stays after one patience, not one after the other', async () => {
    const other = new BetterSqlite3(database.url.slice('sqlite:'.length));
    other.exec('BEGIN IMMEDIATE');
    const refused = async ([door, create]: (typeof ENTRY_POINTS)[number]): Promise<void> =>
      expect([door, await create(server, door)]).toMatchObject([door, { error: { code: 'unavailable', status: 503 } }]);
    const [first, ...others] = ENTRY_POINTS;
    await refused(first!);
    let tries = 0;
    const { patience } = (store as unknown as { connection: { patience: Patience } }).connection;
    const run = patience.run.bind(patience);
    const counting = jest.spyOn(patience, 'run').mockImplementation((work) =>
      run(() => {
        tries += 1;
        return work();
      }),
    );
    for (const each of others) await refused(each);
    counting.mockRestore();
    // whoever has patience of their own tries fifty times a second
    expect(tries).toBeLessThan(10 * others.length);
    other.exec('ROLLBACK');
    other.close();
    for (const [door, create] of ENTRY_POINTS) expect([door, await create(server, door)]).toEqual([door, {}]);
  });
});
