import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { LEDGER_STORE } from '../../src/ledger/store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { ENTRY_POINTS } from '../support/entry-points.js';
import { logLines, timesTold } from '../support/log-lines.js';
import { startApp, type TestApp } from '../support/server/app.js';

/** What a spec holds to stop every search. */
const GATE = 11;
const SEARCH = '/api/atome/list?search=note&count=true';
const MORE_THAN_CONNECTIONS = Array.from({ length: 10 }, (_, n) => n);
const NOTHING = { atomeIds: [], ops: [] };

describe('a server on PostgreSQL', () => {
  let database: TestDatabase;
  let server: TestApp;
  let store: SqlStore;
  let control: pg.Client;

  beforeEach(async () => {
    database = await createDatabase();
    control = new pg.Client({ connectionString: database.url, application_name: 'control' });
    await control.connect();
    // a search folds the case of what it looks at; it does so with this function
    await control.query(`CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${GATE}); RETURN pg_catalog.lower($1); END $$`);
    await control.query(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$`,
    );
  });
  afterEach(async () => {
    await control.query('ROLLBACK');
    await control.query('SELECT pg_advisory_unlock_all()');
    await server.close();
    await control.end();
    await database.drop();
  });

  async function start(settings: Record<string, string> = {}): Promise<void> {
    server = await startApp({ DATABASE_URL: database.url, ...settings });
    store = server.app.get<SqlStore>(LEDGER_STORE, { strict: false });
    await server.api.create();
  }

  const shutSearches = (): Promise<unknown> => control.query(`SELECT pg_advisory_lock(${GATE})`);
  const openSearches = (): Promise<unknown> => control.query(`SELECT pg_advisory_unlock(${GATE})`);

  /** Backends of the server that run a statement, or are in a transaction. */
  async function busy(): Promise<number> {
    const sql = `SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'atome-sync' AND state <> 'idle'`;
    return (await control.query(sql)).rowCount!;
  }
  async function untilBusy(count: number): Promise<void> {
    while ((await busy()) !== count);
  }

  it('takes writes on every door, reads, and is ready, while more searches wait than there are connections', async () => {
    await start({ POSTGRES_LOCK_TIMEOUT_MS: '60000' });
    await shutSearches();
    const searches = MORE_THAN_CONNECTIONS.map(() => server.api.get(SEARCH));
    await untilBusy(2);
    for (const [door, create] of ENTRY_POINTS) expect([door, await create(server, door)]).toEqual([door, {}]);
    expect((await server.api.get('/api/atome/REST')).status).toBe(200);
    expect((await server.api.get('/api/atome/list')).status).toBe(200);
    expect((await server.api.get('/api/sync/changes?since=0')).status).toBe(200);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    // what another tenant walks over finds a connection, too
    expect(await store.ledger('modest').audit.owned('somebody', '')).toEqual({ ids: [], next: null });
    // what the server looks for by itself is over in a moment
    await untilBusy(2);
    await openSearches();
    expect((await Promise.all(searches)).map(({ status }) => status)).toEqual(MORE_THAN_CONNECTIONS.map(() => 200));
  });

  it('has a search that takes too long ended by the database, whether or not somebody waits for it', async () => {
    await start({ POSTGRES_LOCK_TIMEOUT_MS: '60000', POSTGRES_STATEMENT_TIMEOUT_MS: '500' });
    const lines = logLines(server);
    await shutSearches();
    const answer = await server.api.get(SEARCH);
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(timesTold(lines, /57014.*POSTGRES_STATEMENT_TIMEOUT_MS/)).toBe('once an interval');
    await untilBusy(0);

    const gone = new AbortController();
    const aborted = fetch(server.url + SEARCH, { signal: gone.signal });
    // what it has in all is asked behind its page
    await untilBusy(1);
    gone.abort();
    await expect(aborted).rejects.toThrow();
    await untilBusy(0);
    await openSearches();
    expect((await server.api.get(SEARCH)).status).toBe(200);
  });

  it('says unavailable, and when to try again, on every door while another session has the lock of the tenant', async () => {
    await start({ POSTGRES_LOCK_TIMEOUT_MS: '200' });
    const lines = logLines(server);
    await control.query('BEGIN; SELECT 1 FROM atome.ledgers FOR UPDATE');
    for (const [door, create] of ENTRY_POINTS) {
      const { error, retryAfter } = await create(server, door);
      expect([door, error]).toMatchObject([door, { code: 'unavailable', status: 503, retryable: true }]);
      if (retryAfter !== undefined) expect(retryAfter).toBe('1');
    }
    // what the server looks for by itself is over in a moment
    await untilBusy(0);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    expect(timesTold(lines, /55P03.*POSTGRES_LOCK_TIMEOUT_MS/)).toBe('once an interval');
    await control.query('ROLLBACK');
    for (const [door, create] of ENTRY_POINTS) expect([door, await create(server, door)]).toEqual([door, {}]);
  });

  it('writes and reads in other tenants while more tenants wait for a lock than there are connections', async () => {
    await start({ POSTGRES_LOCK_TIMEOUT_MS: '200' });
    const locked = MORE_THAN_CONNECTIONS.map((n) => `locked-${n}`);
    for (const tenant of locked) await store.ledger(tenant).write.open();
    await control.query(`BEGIN; SELECT 1 FROM atome.ledgers WHERE tenant LIKE 'locked-%' FOR UPDATE`);
    const refused = locked.map((tenant) => store.ledger(tenant).write.commit(NOTHING, () => ({ additions: null })));
    const outcomes = Promise.allSettled(refused);
    const writing = server.api.create();
    expect(await store.ledger(locked[0]!).write.head()).toMatchObject({ seq: 0 });
    expect((await server.api.get('/health/ready')).status).toBe(200);
    await writing;
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    }
    // what the server looks for by itself is over in a moment
    await untilBusy(0);
  });

  it('says that it has too few connections, to who waited for one and in the log', async () => {
    await start({ POSTGRES_LOCK_TIMEOUT_MS: '60000', POSTGRES_STATEMENT_TIMEOUT_MS: '1500' });
    const lines = logLines(server);
    const waits = { sql: 'SELECT pg_sleep(0.8)', params: [], isHeavy: true };
    const walks = MORE_THAN_CONNECTIONS.map(() => store.scan('default', waits));
    const outcomes = await Promise.allSettled(walks);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(1);
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(timesTold(lines, /POSTGRES_HEAVY_CONNECTIONS/)).toBe('once an interval');
  });
});
