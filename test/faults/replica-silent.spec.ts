import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import doctor from '../../src/cli/doctor.js';
import { verifyAll, withStore } from '../../src/cli/database.js';
import { ConfigError } from '../../src/config/environment.js';
import { openStore, type StoreOptions } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { connectOnce, startPostgres, type PostgresServer } from '../support/databases/postgres.server.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';
import { atomeRow, created, putRows } from '../support/ledger/rows.js';

/** Connections for reads; the same number for heavy ones. */
const CONNECTIONS = 4;
/** More often than that a replica that lags is not asked within 200 ms, with what makes a connection ready. */
const QUESTIONS = 12;
const TENANTS = Array.from({ length: 10 }, (_, n) => `t${n}`);
/** What takes until somebody ends it on a standby, and no time on a primary. */
const HANGING = `SELECT CASE WHEN pg_is_in_recovery() THEN pg_sleep(600) END, 'done' AS answer`;

describe('a store beside a replica', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let database: Awaited<ReturnType<typeof createOwnedDatabase>>;
  let admin: pg.Client;
  let proxy: TcpProxy;
  let readUrl: string;
  let store: SqlStore;
  let told: string[];
  let stores: SqlStore[];

  beforeAll(async () => {
    primary = await startPostgres();
    standby = await primary.standby();
  });
  afterAll(async () => {
    await standby.stop();
    await primary.stop();
  });

  beforeEach(async () => {
    [told, stores] = [[], []];
    database = await createOwnedDatabase(primary);
    proxy = await TcpProxy.to(Number(new URL(standby.url).port));
    const there = new URL(database.url);
    there.port = String(proxy.port);
    readUrl = there.href;
    store = await open(database.url);
    for (const tenant of TENANTS) await put(tenant, 1);
    admin = await connectOnce(onStandby(standby.url));
  });
  afterEach(async () => {
    await admin.query('SELECT CASE WHEN pg_is_wal_replay_paused() THEN pg_wal_replay_resume() END');
    await admin.end();
    await Promise.all(stores.map((each) => closed(each)));
    await proxy.cut().catch(() => undefined);
    await database.drop();
  });

  async function open(url: string, options: StoreOptions = {}, limits: object = {}): Promise<SqlStore> {
    const postgres = { reads: CONNECTIONS, heavyReads: CONNECTIONS, statementMs: 600_000, readUrl, ...limits };
    const report = (kind: string, line: string): void => void told.push(`${kind}: ${line}`);
    const opened = await openStore(url, { report, ...options, postgres });
    stores.push(opened);
    return opened;
  }

  async function closed(each: SqlStore): Promise<void> {
    stores = stores.filter((other) => other !== each);
    await each.close();
  }

  /** The database of the spec, at the place and under the role of another address. */
  function onStandby(url: string): string {
    const there = new URL(url);
    there.pathname = new URL(database.url).pathname;
    return there.href;
  }

  const put = (tenant: string, seq: number): Promise<void> =>
    putRows(store, tenant, created(atomeRow(`${tenant}-${seq}`, seq)));
  const page = async (tenant: string, by = store): Promise<number> => {
    const wanted = { after: 0, upTo: 1_000, limit: 100, chars: 1_000_000, isPast: true };
    return (await by.ledger(tenant).alterations.page(wanted)).length;
  };
  /** What many readers of all tenants get at once, and what is wrong with it. */
  const readAll = async (each = 10): Promise<{ lengths: number[]; refused: unknown[] }> => {
    const asked = TENANTS.flatMap((tenant) => Array.from({ length: each }, () => page(tenant)));
    const settled = await Promise.allSettled(asked);
    return {
      lengths: [...new Set(settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))],
      refused: settled.filter(({ status }) => status === 'rejected'),
    };
  };
  /** Resolves once the replica answers reads, over as many connections as there may be. */
  async function warm(): Promise<void> {
    const before = proxy.heard;
    while (proxy.heard === before || store.readFault !== undefined) {
      await readAll();
      await store.probe();
    }
  }
  /** A read that hangs at the standby, once it runs there. */
  async function hanging(tenant = 't0'): Promise<Promise<unknown[]>[]> {
    const read = store.scan(tenant, { sql: HANGING, params: [], isHeavy: true });
    read.catch(() => undefined);
    const running = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' AND datname = current_database() AND pid <> pg_backend_pid()`;
    while ((await admin.query(running)).rows.length === 0);
    return [read];
  }

  it('refuses nobody when it falls silent, and tries it with one read at a time', async () => {
    await warm();
    proxy.silence();
    const before = proxy.heard;
    expect(await readAll()).toEqual({ lengths: [1], refused: [] });
    expect(proxy.heard - before).toBeLessThanOrEqual(CONNECTIONS);
    const resting = proxy.heard;
    expect(await readAll()).toEqual({ lengths: [1], refused: [] });
    expect(proxy.heard - resting).toBeLessThanOrEqual(1);
    expect(store.readFault).toBeDefined();
    expect(told.filter((line) => line.startsWith('postgres busy'))).toEqual([]);
  });

  it('asks one that is behind no oftener than its connections can, and then with one read at a time', async () => {
    await warm();
    await admin.query('SELECT pg_wal_replay_pause()');
    const paused = "SELECT 1 WHERE pg_get_wal_replay_pause_state() = 'paused'";
    while ((await admin.query(paused)).rows.length === 0);
    for (const tenant of TENANTS) await put(tenant, 2);
    const before = proxy.heard;
    expect(await readAll()).toEqual({ lengths: [2], refused: [] });
    expect(proxy.heard - before).toBeLessThanOrEqual(CONNECTIONS * QUESTIONS);
    const resting = proxy.heard;
    expect(await readAll()).toEqual({ lengths: [2], refused: [] });
    expect(proxy.heard - resting).toBeLessThanOrEqual(QUESTIONS);
    await admin.query('SELECT pg_wal_replay_resume()');
    while (store.readFault !== undefined) await store.probe();
    expect(await readAll()).toEqual({ lengths: [2], refused: [] });
  });

  it('has the primary answer what is on its way there, and does not wait for it to close', async () => {
    await warm();
    const [read] = await hanging();
    proxy.silence();
    expect(await read).toMatchObject([{ answer: 'done' }]);
    expect(store.readFault).toBeDefined();
    await closed(store);
    while (proxy.open > 0) await new Promise(setImmediate);
  });

  it('closes though a read hangs at one that answers others', async () => {
    await warm();
    const [read] = await hanging();
    await Promise.all([closed(store), expect(read).rejects.toThrow()]);
    while (proxy.open > 0) await new Promise(setImmediate);
  });

  it('says so when the replica has taken too long, as of the primary', async () => {
    store = await open(database.url, {}, { statementMs: 500 });
    await warm();
    const read = store.scan('t0', { sql: HANGING, params: [], isHeavy: true });
    await expect(read).rejects.toThrow('did not finish in time');
    expect(told.filter((line) => line.startsWith('postgres too slow'))).not.toEqual([]);
  });

  it('says that a primary which is a standby itself cannot be compared with it', async () => {
    store = await open(onStandby(standbyAsOwner()), { migrates: false, isSearched: false });
    expect(await page('t0')).toBe(1);
    expect(store.readFault).toContain('leads to a standby');
  });

  /** The standby past the proxy, under the role of the database. */
  function standbyAsOwner(): string {
    const there = new URL(database.url);
    there.port = new URL(standby.url).port;
    return there.href;
  }

  it('is not asked by a command, which judges what the writes are decided on', async () => {
    const postgres = { reads: 1, heavyReads: 1, writes: 1, statementMs: 30_000, lockMs: 1_000, readUrl };
    const before = proxy.heard;
    await withStore({ databaseUrl: database.url, migrate: false, postgres }, (own) =>
      verifyAll(
        own,
        () => undefined,
        () => undefined,
      ),
    );
    expect(proxy.heard).toBe(before);
  });

  it('has doctor look at its role', async () => {
    const lines: string[] = [];
    const database_ = { databaseUrl: database.url, migrate: true, postgres: { readUrl: onStandby(standby.url) } };
    await doctor.run({
      config: () => {
        throw new ConfigError([]);
      },
      database: () => database_,
      print: (_line: object, text: string) => void lines.push(text),
    } as never);
    expect(lines).toContainEqual(expect.stringMatching(/^note +role: .*DATABASE_READ_URL/));
    expect(lines).toContainEqual(expect.stringMatching(/^ok +replica: /));
  });
});
