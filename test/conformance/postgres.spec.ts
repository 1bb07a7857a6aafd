import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { LedgerDataSource } from '../../src/database/ledger-data-source.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import { PostgresStore, type PostgresOptions } from '../../src/ledger/stores/postgres/postgres.store.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { alterationRow, atomeRow } from '../support/ledger/rows.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

const T = 'default';
/** What a spec holds to stop every insert into `alterations`. */
const GATE = 7;

describe('the store on PostgreSQL', () => {
  let database: TestDatabase;
  let store: LedgerStore;
  let other: LedgerStore;
  /** A connection of the spec's own. */
  let control: pg.Client;
  const unexpected: unknown[] = [];
  const note = (error: unknown): void => void unexpected.push(error);

  beforeEach(async () => {
    process.on('unhandledRejection', note).on('uncaughtException', note);
    database = await createDatabase();
    store = await openStore(database.url);
    other = await openStore(database.url);
    control = new pg.Client({ connectionString: database.url, application_name: 'control' });
    await control.connect();
    await store.ledger(T).write.open();
    await control.query(`CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${GATE}); RETURN NEW; END $$`);
    await control.query('CREATE TRIGGER gate BEFORE INSERT ON atome.alterations FOR EACH ROW EXECUTE FUNCTION gate()');
  });
  afterEach(async () => {
    await Promise.all([store.close(), other.close(), control.end()]);
    await database.drop();
    process.off('unhandledRejection', note).off('uncaughtException', note);
    expect(unexpected.splice(0)).toEqual([]);
  });

  const addOne = (to: LedgerStore): Promise<{ seq: number; additions: object }> =>
    to.ledger(T).write.commit({ atomeIds: ['a'], ops: [{ opId: 'op', author: 'somebody' }] }, ({ head }) => {
      const seq = head.seq + 1;
      const row = alterationRow(seq, `a${seq}`, 1);
      const additions = { alterations: [row], atomes: [atomeRow(`a${seq}`, seq)], receipts: [] };
      return { seq, additions: { ...additions, head: { ...head, seq, hash: row.hash } } };
    });
  /** Resolves when as many backends wait for a lock. */
  const waiting = async (count: number): Promise<void> => {
    const sql = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await control.query(sql)).rowCount !== count);
  };
  const terminate = (): Promise<unknown> =>
    control.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  /** Each connection that was idle when it was cut may fail one call, in no other way than this. */
  const retried = async <R>(call: () => Promise<R>): Promise<R> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        expect(error).toMatchObject({ code: 'unavailable' });
      }
    }
  };
  /** Looked at from the start: it may fail before whoever cuts it has heard that it is cut. */
  const isCut = (call: Promise<unknown>): Promise<void> => expect(call).rejects.toMatchObject({ code: 'unavailable' });
  const shut = (): Promise<unknown> => control.query(`SELECT pg_advisory_lock(${GATE})`);
  const open = (): Promise<unknown> => control.query(`SELECT pg_advisory_unlock(${GATE})`);

  it('holds the lock from the reading of the head to the end of the commit', async () => {
    await shut();
    const first = addOne(store);
    await waiting(1);
    const second = addOne(other);
    await waiting(2);
    expect(await other.ledger(T).write.head()).toMatchObject({ seq: 0 });
    await open();
    expect(await Promise.all([first, second])).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  });

  it('hears of a connection that breaks while it is handed over', async () => {
    const { connections } = store as unknown as { connections: { pools: Record<'writes', { pool: pg.Pool }> } };
    const { pool } = connections.pools.writes;
    const broken = new Error('Connection terminated unexpectedly');
    pool.once('acquire', (client: pg.PoolClient) => process.nextTick(() => client.emit('error', broken)));
    expect(await addOne(store)).toMatchObject({ seq: 1 });
    expect(pool.idleCount).toBeGreaterThan(0);
  });

  it('lets tenants commit side by side', async () => {
    await store.ledger('free').write.open();
    await shut();
    const held = addOne(store);
    await waiting(1);
    const nothing = { additions: null };
    expect(await store.ledger('free').write.commit({ atomeIds: [], ops: [] }, () => nothing)).toBe(nothing);
    await open();
    await held;
  });

  it('acknowledges durable writes, also where the database is set to be quick', async () => {
    await control.query(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`,
    );
    await control.query(`CREATE TABLE seen AS SELECT '' AS setting`);
    await control.query(`CREATE OR REPLACE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN UPDATE seen SET setting = current_setting('synchronous_commit'); RETURN NEW; END $$`);
    const later = await openStore(database.url);
    await addOne(later);
    await later.close();
    expect((await control.query('SELECT setting FROM seen')).rows).toEqual([{ setting: 'on' }]);
  });

  it('works on after its connections have been cut', async () => {
    await addOne(store);
    await terminate();
    await retried(() => addOne(store));
    expect((await store.ledger(T).write.head())!.seq).toBe(
      (await store.ledger(T).alterations.page({ after: 0, upTo: 9, limit: 9, chars: 999 })).length,
    );
  });

  it('says unavailable when a commit is cut, and has written nothing', async () => {
    await shut();
    const cut = isCut(addOne(store));
    await waiting(1);
    await terminate();
    await cut;
    await open();
    expect(await retried(() => store.ledger(T).write.head())).toMatchObject({ seq: 0 });
    expect(await addOne(store)).toMatchObject({ seq: 1 });
  });

  it('says unavailable when it is cut while it reads the state', async () => {
    await control.query('BEGIN; LOCK TABLE atome.atomes IN ACCESS EXCLUSIVE MODE');
    const cut = [isCut(addOne(store)), isCut(store.ledger(T).atomes.get('a'))];
    await waiting(2);
    await terminate();
    await Promise.all(cut);
    await control.query('ROLLBACK');
    expect(await retried(() => addOne(store))).toMatchObject({ seq: 1 });
  });

  it('says unavailable while the server is away, and works when it is back', async () => {
    const { proxy, far, close } = await overProxy();
    await addOne(far);
    await proxy.cut();
    await expect(addOne(far)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(far.ledger(T).write.head()).rejects.toMatchObject({ code: 'unavailable' });
    await proxy.restore();
    expect(await retried(() => addOne(far))).toMatchObject({ seq: 2 });
    await close();
  });

  it('says unavailable in time when the server falls silent', async () => {
    const { proxy, far, close } = await overProxy({ limits: { statementMs: 1_000 } });
    await addOne(far);
    proxy.silence();
    await expect(addOne(far)).rejects.toMatchObject({ code: 'unavailable' });
    await close();
    expect(await addOne(store)).toMatchObject({ seq: 2 });
  });

  it('says unavailable in time when another process does not let go of the lock', async () => {
    const { far, close } = await overProxy({ limits: { statementMs: 1_000 } });
    await control.query('BEGIN; SELECT 1 FROM atome.ledgers FOR UPDATE');
    await expect(addOne(far)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await far.ledger(T).write.head()).toMatchObject({ seq: 0 });
    await control.query('ROLLBACK');
    expect(await addOne(far)).toMatchObject({ seq: 1 });
    await close();
  });

  /** A store whose connections go through a proxy. */
  async function overProxy(
    options: PostgresOptions = {},
  ): Promise<{ proxy: TcpProxy; far: LedgerStore; close: () => Promise<void> }> {
    const url = new URL(database.url);
    const proxy = await TcpProxy.to(Number(url.port));
    url.port = String(proxy.port);
    const far = new PostgresStore(await new LedgerDataSource(url.href).initialize(), options);
    const close = async (): Promise<void> => {
      await proxy.cut();
      await far.close();
    };
    return { proxy, far, close };
  }
});
