import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { connectOnce, startPostgres, type PostgresServer } from '../support/databases/postgres.server.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

/** How often a statement that looks like this has been run on a server, by its own count. */
type Count = () => Promise<number>;

describe('a server that reads from a replica', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let database: Awaited<ReturnType<typeof createOwnedDatabase>>;
  let replica: pg.Client;
  let proxy: TcpProxy;
  let environment: Record<string, string>;
  let server: TestApp;

  beforeAll(async () => {
    primary = await startPostgres();
    standby = await primary.standby();
  });
  afterAll(async () => {
    await standby.stop();
    await primary.stop();
  });

  beforeEach(async () => {
    database = await createOwnedDatabase(primary);
    proxy = await TcpProxy.to(Number(new URL(standby.url).port));
    const there = new URL(database.url);
    there.port = String(proxy.port);
    environment = { DATABASE_URL: database.url, DATABASE_READ_URL: there.href, BUS: 'off' };
    server = await startApp(environment);
    const admin = new URL(standby.url);
    admin.pathname = there.pathname;
    replica = await connectOnce(admin.href);
  });
  afterEach(async () => {
    await replica.query('SELECT CASE WHEN pg_is_wal_replay_paused() THEN pg_wal_replay_resume() END');
    await replica.end();
    await server.close();
    await proxy.cut().catch(() => undefined);
    await database.drop();
  });

  /** Rows that scans have read of the standby's atomes. */
  const readThere: Count = async () => {
    await replica.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await replica.query<{ count: string }>(
      "SELECT coalesce(sum(idx_tup_fetch + seq_tup_read), 0) AS count FROM pg_stat_user_tables WHERE schemaname = 'atome' AND relname IN ('atomes', 'alterations')",
    );
    return Number(rows[0]!.count);
  };

  /** Resolves when the standby says that more has been read there than before. */
  async function readMoreThan(before: number): Promise<void> {
    while ((await readThere()) <= before);
  }

  const ids = async (query = ''): Promise<unknown[]> => {
    const { body } = await server.api.get(`/api/atome/list?limit=500${query}`);
    return (body.data as { id: string }[]).map(({ id }) => id);
  };
  const ready = async (): Promise<unknown> => {
    const { status, body } = await server.api.get('/health/ready');
    return [status, (body.details as { database: { degraded?: string } }).database.degraded];
  };

  it('answers lists, history, snapshots and catch-up there, each with all that was written before', async () => {
    const seen: unknown[] = [];
    const wanted: unknown[] = [];
    for (let n = 0; n < 30; n += 1) {
      await server.api.create({ n }, { id: `a${n}` });
      wanted.push(n + 1);
      seen.push((await ids()).length);
    }
    expect(seen).toEqual(wanted);
    // the first connection may take longer than a read waits for it
    while ((await readThere()) === 0) await ids();
    await server.api.post('/api/atome/a1/alter', { operation: 'update', changes: { n: 'new' } });
    const { body } = await server.api.get('/api/atome/a1/history');
    expect((body.alterations as unknown[]).length).toBe(2);
    const lines = (await server.api.get('/api/sync/snapshot')).text.trimEnd().split('\n');
    expect(lines).toHaveLength(32);
    expect(await ids('&search=new')).toEqual(['a1']);
    const before = await readThere();
    // one that has nothing in memory
    const other = await startApp(environment);
    const changes = await other.api.get('/api/sync/changes?since=0');
    await other.close();
    expect(changes.body).toMatchObject({ to: 31, head: 31 });
    expect((changes.body.events as unknown[]).length).toBe(31);
    await readMoreThan(before);
    while (((await ready()) as unknown[])[1] !== undefined);
  });

  it('waits for no replica that has stopped, says so, and comes back to it', async () => {
    await server.api.create({}, { id: 'a0' });
    expect(await ids()).toEqual(['a0']);
    await replica.query('SELECT pg_wal_replay_pause()');
    while (
      (await replica.query<{ state: string }>('SELECT pg_get_wal_replay_pause_state() AS state')).rows[0]!.state !==
      'paused'
    );
    for (let n = 1; n < 10; n += 1) {
      await server.api.create({ n }, { id: `a${n}` });
      expect(await ids()).toHaveLength(n + 1);
    }
    expect(await ready()).toEqual([200, expect.stringContaining('the primary does')]);
    await replica.query('SELECT pg_wal_replay_resume()');
    // each question has it looked at again
    while (((await ready()) as unknown[])[1] !== undefined);
    expect(await ids()).toHaveLength(10);
  });

  it('goes on without one that has gone, or says nothing any more', async () => {
    await server.api.create({}, { id: 'a0' });
    expect(await ids()).toEqual(['a0']);
    proxy.silence();
    await server.api.create({}, { id: 'a1' });
    expect(await ids()).toHaveLength(2);
    expect(await ready()).toEqual([200, expect.stringContaining('the primary does')]);
    await proxy.cut();
    await server.api.create({}, { id: 'a2' });
    expect(await ids()).toHaveLength(3);
    await proxy.restore();
    while (((await ready()) as unknown[])[1] !== undefined);
    expect(await ids()).toHaveLength(3);
  });

  it('has all that was written from several that are at different places, behind one address', async () => {
    const second = await primary.standby();
    const both = await TcpProxy.to([standby, second].map(({ url }) => Number(new URL(url).port)));
    const there = new URL(environment.DATABASE_READ_URL!);
    there.port = String(both.port);
    const other = await startApp({ ...environment, DATABASE_READ_URL: there.href });
    try {
      await other.api.create({}, { id: 'a0' });
      await replica.query('SELECT pg_wal_replay_pause()');
      const seen: unknown[] = [];
      const wanted: unknown[] = [];
      for (let n = 1; n < 13; n += 1) {
        await other.api.create({ n }, { id: `a${n}` });
        // more at once than one connection answers
        const lists = await Promise.all(Array.from({ length: 4 }, () => other.api.get('/api/atome/list?limit=500')));
        seen.push(lists.map(({ body }) => (body.data as unknown[]).length));
        wanted.push(Array(4).fill(n + 1));
      }
      expect(seen).toEqual(wanted);
    } finally {
      await other.close();
      await both.cut();
      await second.stop();
    }
  });

  it('takes no other database for a replica', async () => {
    await server.close();
    server = await startApp({ DATABASE_URL: database.url, DATABASE_READ_URL: database.url, BUS: 'off' });
    await server.api.create({}, { id: 'a0' });
    expect(await ids()).toEqual(['a0']);
    expect(await ready()).toEqual([200, expect.stringContaining('the primary does')]);
  });
});
