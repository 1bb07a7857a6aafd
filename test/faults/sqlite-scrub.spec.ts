import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LEDGER_STORE } from '../../src/ledger/store.js';
import type { SqliteStore } from '../../src/ledger/stores/sqlite/sqlite.store.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { ENTRY_POINTS } from '../support/entry-points.js';
import { startApp, type TestApp } from '../support/server/app.js';

describe('a server that scrubs its SQLite file', () => {
  let database: Database;
  let server: TestApp;
  let store: SqliteStore;
  let other: BetterSqlite3.Database;

  beforeEach(async () => {
    database = createFile();
    server = await startApp({ DATABASE_URL: database.url });
    store = server.app.get<SqliteStore>(LEDGER_STORE, { strict: false });
    await server.api.create();
    other = new BetterSqlite3(database.url.slice('sqlite:'.length));
  });
  afterEach(async () => {
    other.close();
    await server.close();
    await database.drop();
  });

  it('takes writes on every door and is ready while the scrub waits for somebody who reads', async () => {
    other.exec('BEGIN; SELECT count(*) FROM atome_atomes');
    await ENTRY_POINTS[0]![1](server, 'behind-the-reader');
    const order: string[] = [];
    const scrub = store.scrub().then(() => order.push('scrubbed'));
    for (const [door, create] of ENTRY_POINTS) expect([door, await create(server, door)]).toEqual([door, {}]);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    order.push('answered');
    other.exec('COMMIT');
    await scrub;
    expect(order).toEqual(['answered', 'scrubbed']);
  });

  it('answers others while it rewrites the file, and takes their writes behind that', async () => {
    const text = 'x'.repeat(500_000);
    const many = Array.from({ length: 40 }, (_, n) => n);
    for (const n of many)
      await server.api.post('/api/atome/create', { id: `large-${n}`, kind: 'note', data: { text } });
    const order: string[] = [];
    let answered = 0;
    const scrub = store.scrub().then(() => order.push('scrubbed'));
    const writes = ENTRY_POINTS.map(([door, create]) => create(server, door));
    const isOver = (): boolean => order.length > 0;
    while (!isOver()) {
      expect((await server.api.get('/health/live')).status).toBe(200);
      expect((await server.api.get('/health/ready')).status).toBe(200);
      // while the file is still rewritten
      if (!isOver()) answered += 1;
    }
    expect(answered).toBeGreaterThan(0);
    await scrub;
    expect(await Promise.all(writes)).toEqual(ENTRY_POINTS.map(() => ({})));
  });

  it('gives up on a lock that stays, and works on', async () => {
    other.exec('BEGIN IMMEDIATE');
    const scrub = store.scrub();
    const outcome = expect(scrub).rejects.toMatchObject({ code: 'unavailable' });
    await outcome;
    other.exec('ROLLBACK');
    await store.scrub();
    for (const [door, create] of ENTRY_POINTS) expect([door, await create(server, door)]).toEqual([door, {}]);
  });
});
