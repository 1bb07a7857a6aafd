import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Retention } from '../../src/application/retention.js';
import { ConsumerHost, resolvedConsumer, type ConsumerCall } from '../../src/consumers/consumer-options.js';
import type { KindOptions } from '../../src/kinds/kind-options.js';
import { LEDGER_STORE } from '../../src/ledger/store.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { openMetrics, type Metrics } from '../../src/ops/metrics.js';
import { expectAlerts, hasPromtool, Look } from '../support/alert-trial.js';
import type { Answer } from '../support/clients/api.js';
import type { TestSocket } from '../support/clients/socket.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { createDatabase } from '../support/databases/postgres.js';
import { canMount, limitedFile, smallDisk } from '../support/faults/full-disk.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';
import { Gate } from '../support/gate.js';
import { create, openLedger, ORIGIN } from '../support/ledger/ledger.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

const DAY_MS = 86_400_000;
const RULES = readFileSync(fileURLToPath(new URL('../../deploy/alerts.yaml', import.meta.url)), 'utf8');
const ALERTS = [...RULES.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
/** What is locked stays so for as long as the spec wants. */
const PATIENT = { POSTGRES_LOCK_TIMEOUT_MS: '60000', POSTGRES_STATEMENT_TIMEOUT_MS: '600000' };
/** Those that were fired by their fault. */
const tried = new Set<string>();

/** A server, and what it tells of itself while something is wrong with it. */
class Trial {
  private metrics!: Metrics;
  private begun!: Look;
  private well!: Look;

  constructor(readonly server: TestApp) {}

  get store(): SqlStore {
    return this.server.app.get<SqlStore>(LEDGER_STORE, { strict: false });
  }

  /** Looks while it is well, and does a little. Where the machine stalls by itself, again. */
  static async of(server: TestApp): Promise<Trial> {
    const trial = new Trial(server);
    trial.metrics = await openMetrics(server.app);
    do {
      trial.begun = await trial.look();
      await server.api.create();
      await server.api.get('/api/atome/nowhere');
      trial.well = await trial.look();
    } while (trial.isStalled);
    return trial;
  }

  /** Looks anew, also at what was asked of the database a moment ago. */
  async look(): Promise<Look> {
    const fresh = await openMetrics(this.server.app);
    const [counted, asked] = [await this.metrics.text(), await fresh.text()];
    fresh.stop();
    const ofDatabase = asked.split('\n').filter((line) => /^atome_sync_(consumer_|database_up)/.test(line));
    const others = counted.split('\n').filter((line) => !/^atome_sync_(consumer_|database_up)/.test(line));
    return new Look([...others, '# TYPE asked gauge', ...ofDatabase].join('\n'));
  }

  /** Holds these alerts, and no others, to be fired by what has happened since. */
  async fires(...alerts: string[]): Promise<void> {
    expectAlerts([this.begun, this.well, await this.look()], alerts);
    for (const alert of alerts) tried.add(alert);
  }

  end(): void {
    this.metrics.stop();
  }

  private get isStalled(): boolean {
    const { begun, well } = this;
    const quick = 'atome_sync_commit_seconds_bucket{le="0.5"}';
    const isQuick = well.growth(quick, begun) === well.growth('atome_sync_commit_seconds_count', begun);
    return !isQuick || well.value('nodejs_eventloop_lag_p99_seconds') > 0.25;
  }
}

/*
 * The fault that each alert is for, made on a server; the clock alone is promtool's. Two are aged instead of waited for: of the consumer
 * that nobody has run for a day, the row that says since when, and of what should be in archives, the clock it was written by.
 */
(hasPromtool ? describe : describe.skip)('the alert of a server', () => {
  let database: Database;
  let server: TestApp;
  let trial: Trial;

  async function start(settings: Record<string, string> = {}, kinds: Record<string, KindOptions> = {}): Promise<void> {
    const started = await startApp({ DATABASE_URL: database.url, ...settings }, { kinds });
    server = { ...started, api: started.api.as(tokenOf('writer', { tenant: 'default' })) };
    trial = await Trial.of(server);
  }
  afterEach(async () => {
    trial.end();
    await server.close();
    await database.drop();
  });

  describe('on PostgreSQL', () => {
    let proxy: TcpProxy;
    let control: pg.Client;
    beforeEach(async () => {
      const { url, drop } = await createDatabase();
      control = new pg.Client({ connectionString: url });
      await control.connect();
      const { hostname, port } = new URL(url);
      proxy = await TcpProxy.to(Number(port), hostname);
      const behind = new URL(url);
      behind.host = `127.0.0.1:${proxy.port}`;
      database = {
        url: behind.href,
        drop: async () => {
          await proxy.cut();
          await control.end();
          await drop();
        },
      };
      await start({ ...WITH_TOKENS, ...PATIENT, MEMORY_BUDGET: String(4 * 1024 * 1024) });
    });

    it('is AtomeSyncDatabaseDown, and AtomeSyncWritesFail, where the way to it is cut', async () => {
      await proxy.cut();
      expect((await server.api.post('/api/atome/create', { kind: 'note', data: {} })).status).toBe(503);
      await trial.fires('AtomeSyncDatabaseDown', 'AtomeSyncWritesFail');
      await proxy.restore();
    });

    it('is AtomeSyncSlowCommits where another session has the lock of a ledger', async () => {
      await control.query('BEGIN');
      await control.query('SELECT 1 FROM atome.ledgers FOR UPDATE');
      const written = server.api.create();
      await control.query('SELECT pg_sleep(1.2)');
      await control.query('ROLLBACK');
      await written;
      await trial.fires('AtomeSyncSlowCommits');
    });

    it('is AtomeSyncPoolWaits where many tenants write what is locked', async () => {
      await control.query('BEGIN');
      await control.query('LOCK TABLE atome.ledgers IN EXCLUSIVE MODE');
      const writes = Array.from({ length: 20 }, (_, n) =>
        server.api.as(tokenOf('writer', { tenant: `tenant-${n}` })).post('/api/atome/create', { kind: 'n', data: {} }),
      );
      while (trial.store.poolUsage().writes!.waiting <= 10) await turn();
      await trial.fires('AtomeSyncPoolWaits');
      await control.query('ROLLBACK');
      await Promise.all(writes);
    });

    it('are AtomeSyncMemory and AtomeSyncOverloaded where more is written than is committed', async () => {
      await control.query('BEGIN');
      await control.query('SELECT 1 FROM atome.ledgers FOR UPDATE');
      const text = 'x'.repeat(50_000);
      let refused = 0;
      let enough = (): void => undefined;
      const overloaded = new Promise<void>((resolve) => (enough = resolve));
      const writes = Array.from({ length: 300 }, async (_, n): Promise<Answer> => {
        const answer = await server.api.post('/api/atome/create', { id: `a-${n}`, kind: 'note', data: { text } });
        if (answer.status === 503 && (refused += 1) === 200) enough();
        return answer;
      });
      await overloaded;
      await trial.fires('AtomeSyncOverloaded', 'AtomeSyncMemory');
      await control.query('ROLLBACK');
      await Promise.all(writes);
    });
  });

  describe('on SQLite', () => {
    beforeEach(() => {
      database = createFile();
    });

    it('is AtomeSyncInternalErrors where code of the application has a mistake', async () => {
      const beforeWrite = (): never => {
        throw new TypeError('a mistake');
      };
      await start({}, { order: { beforeWrite } });
      expect((await server.api.post('/api/atome/create', { kind: 'order', data: {} })).status).toBe(500);
      await trial.fires('AtomeSyncInternalErrors');
    });

    it('is AtomeSyncEventLoop where one call keeps the event loop', async () => {
      const beforeWrite = (): void => {
        for (const until = performance.now() + 400; performance.now() < until;);
      };
      await start({}, { order: { beforeWrite } });
      await Promise.all([1, 2, 3, 4].map(() => server.api.create({}, { kind: 'order' })));
      await trial.fires('AtomeSyncEventLoop');
    });

    it('is AtomeSyncResets where clients come with what another ledger has told them', async () => {
      await start();
      const other = await startApp();
      const { body } = await other.api.get('/api/sync/changes?since=0');
      await other.close();
      const socket = await server.connect();
      socket.send({ type: 'subscribe', since: 0, epoch: body.epoch });
      await socket.next('sync:reset');
      await trial.fires('AtomeSyncResets');
    });

    it('are AtomeSyncReadersBehind and AtomeSyncConsumerBehind where readers and handlers take nothing', async () => {
      await start();
      const gate = new Gate();
      await consume('mail', () => gate.pass());
      // more than connections take that nobody reads from
      const text = 'x'.repeat(900_000);
      for (let n = 0; n < 9; n += 1) await server.api.create({ text });
      const deaf = await subscribed();
      deaf.ws.pause();
      for (let n = 0; n < 11; n += 1) await pushSmall();
      await trial.fires('AtomeSyncReadersBehind', 'AtomeSyncConsumerBehind');
      deaf.ws.terminate();
      gate.open();
    });

    it('is AtomeSyncDeadLetters where a handler fails for good', async () => {
      await start();
      await consume('mail', () => {
        throw new Error('not today');
      });
      await server.api.create();
      while ((await rows('SELECT 1 FROM atome_dead_letters')).length === 0) await turn();
      await trial.fires('AtomeSyncDeadLetters');
    });

    it('is AtomeSyncConsumerIdle where nobody has run a consumer for a day', async () => {
      const before = await startApp({ DATABASE_URL: database.url });
      server = before;
      await consume('mail', () => undefined);
      await before.close();
      await start();
      await trial.store.transact([
        `UPDATE atome_consumers SET expires_at = expires_at - ${DAY_MS} WHERE name = 'mail'`,
      ]);
      await trial.fires('AtomeSyncConsumerIdle');
    });

    it('is AtomeSyncRetentionLate where nothing gets into the archives', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'atome-archive-'));
      const archive = join(folder, 'archive');
      writeFileSync(archive, 'a file where the folder should be');
      await start({ RETENTION: '90d', ARCHIVE_FOLDER: archive });
      const retention = server.app.get(Retention, { strict: false });
      const aged = await openLedger(await openStore(database.url), { now: () => Date.now() - 100 * DAY_MS });
      for (const id of ['a', 'b']) await aged.writer.submit('aged', create(id), ORIGIN);
      await aged.close();
      await expect(retention.look()).rejects.toThrow(/ENOTDIR|EEXIST/);
      await retention.lag.measure();
      await trial.fires('AtomeSyncRetentionLate');
      rmSync(folder, { recursive: true });
    });

    async function consume(consumer: string, call: ConsumerCall): Promise<void> {
      const host = server.app.get(ConsumerHost, { strict: false });
      host.declare(resolvedConsumer('the spec', { consumer, attempts: 1 }, call));
      await host.start();
      while ((await rowsOf(server, `SELECT 1 FROM atome_consumers WHERE name = '${consumer}'`)).length === 0)
        await turn();
    }

    async function subscribed(): Promise<TestSocket> {
      const socket = await server.connect();
      socket.send({ type: 'subscribe', since: 0 });
      await socket.next('subscribed');
      return socket;
    }

    /** A thousand alterations. */
    async function pushSmall(): Promise<void> {
      const one = { operation: 'create', kind: 'n', data: {} };
      const operations = Array.from({ length: 1_000 }, () => ({ opId: randomUUID(), ...one }));
      const { body } = await server.api.post('/api/sync/push', { operations });
      expect((body.results as { type: string }[]).every(({ type }) => type === 'ack')).toBe(true);
    }

    const rows = (sql: string): Promise<unknown[]> => rowsOf(server, sql);
  });

  it('is AtomeSyncStorageFull where there is no room on the disk', async () => {
    const disk = canMount() ? smallDisk() : limitedFile();
    database = { url: disk.url, drop: () => disk.remove() };
    await start();
    await disk.fill(server);
    const text = 'x'.repeat(900_000);
    const put = (): Promise<Answer> => server.api.post('/api/atome/create', { kind: 'note', data: { text } });
    while ((await put()).status !== 507);
    await trial.fires('AtomeSyncStorageFull', 'AtomeSyncWritesFail');
  });
});

const rowsOf = ({ app }: TestApp, sql: string): Promise<unknown[]> =>
  app.get<SqlStore>(LEDGER_STORE, { strict: false }).rows(sql);

(hasPromtool ? it : it.skip)('all alerts were tried', () => {
  expect([...tried].sort()).toEqual([...ALERTS].sort());
});
