import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryBudget } from '../../src/auth/admission/memory-budget.js';
import { Feed } from '../../src/feed/feed.js';
import type { TenantLog } from '../../src/feed/tenant-log.js';
import { LedgerWriter } from '../../src/ledger/write/ledger-writer.js';
import { HybridClock, OPEN_RULES, DEFAULT_LIMITS } from '../../src/protocol/index.js';
import { NO_QUOTAS } from '../../src/ledger/write/quotas.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { bearer, type Api } from '../support/clients/api.js';
import { RawSocket } from '../support/clients/raw-socket.js';
import type { TestSocket } from '../support/clients/socket.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { Gate } from '../support/gate.js';
import { create, ORIGIN, TENANT } from '../support/ledger/ledger.js';
import { WatchedStore } from '../support/ledger/watched-store.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

interface Channel {
  readonly log: TenantLog;
}

const BUDGET = 4 * 1024 * 1024;
const TENANTS = Array.from({ length: 200 }, (_, n) => `tenant-${n}`);
/** Writes to each tenant: all together are several times what the budget allows. */
const WRITES = 10;
const TEXT = 'a'.repeat(8 * 1024);

describe.each(DATABASES)('a server with little memory, on %s', (_name, createDatabase) => {
  let database: Database;
  let server: TestApp;
  let memory: MemoryBudget;
  beforeEach(async () => {
    database = await createDatabase();
    server = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url, MEMORY_BUDGET: String(BUDGET) });
    memory = server.app.get(MemoryBudget, { strict: false });
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  const apiOf = (tenant: string): Api => server.api.as(tokenOf('writer', { tenant }));

  const changesOf = (tenant: string) => apiOf(tenant).get('/api/sync/changes?since=0&limit=500');

  async function push(tenant: string): Promise<void> {
    const operations = Array.from({ length: WRITES }, (_, n) => ({
      opId: `${tenant}-${n}`,
      operation: 'create',
      kind: 'note',
      data: { n, text: TEXT },
    }));
    const { status, body } = await apiOf(tenant).post('/api/sync/push', { operations });
    expect([status, (body.results as { type: string }[]).map(({ type }) => type)]).toEqual([
      200,
      Array(WRITES).fill('ack'),
    ]);
  }

  async function follow(tenant: string): Promise<TestSocket> {
    const socket = await server.connect(bearer(tokenOf('reader', { tenant })));
    await socket.next('welcome');
    socket.send({ type: 'subscribe', since: 0 });
    await socket.next('sync:live');
    return socket;
  }

  it('keeps the recent alterations of 200 tenants within its budget, and everybody gets all from the ledger', async () => {
    const followed = TENANTS.filter((_, n) => n % 20 === 0);
    const sockets = await Promise.all(followed.map(follow));
    // a log that has been asked for keeps what comes
    for (const tenant of TENANTS) await changesOf(tenant);
    for (const tenant of TENANTS) {
      await push(tenant);
      expect(memory.bytes).toBeLessThanOrEqual(BUDGET);
    }
    expect(memory.bytes).toBeGreaterThan(BUDGET / 2);
    for (const socket of sockets) {
      await socket.next('events', ({ to }) => to === WRITES);
      const seqs = socket.received.flatMap((each) => (each.type === 'events' ? each.events.map(({ seq }) => seq) : []));
      expect(seqs).toEqual(Array.from({ length: WRITES }, (_, n) => n + 1));
    }
    for (const tenant of TENANTS) {
      const { status, body } = await changesOf(tenant);
      expect([status, (body.events as unknown[]).length, body.to]).toEqual([200, WRITES, WRITES]);
      expect(memory.bytes).toBeLessThanOrEqual(BUDGET);
    }
  });

  it('lets go of what nobody follows before what somebody does', async () => {
    const socket = await follow('followed');
    await push('followed');
    await socket.next('events', ({ to }) => to === WRITES);
    for (const tenant of TENANTS.slice(0, 100)) {
      await changesOf(tenant);
      await push(tenant);
    }
    const again = await changesOf('followed');
    expect((again.body.events as unknown[]).length).toBe(WRITES);
    const feed = server.app.get<object>(Feed, { strict: false }) as { channels: { opened: Map<string, Channel> } };
    const { opened } = feed.channels;
    const begins = (tenant: string): number | undefined => opened.get(tenant)?.log.tail.recent.start;
    expect(begins('followed')).toBe(0);
    expect(begins(TENANTS[0]!)).toBeUndefined();
  });

  it('refuses bodies with 503 and a time to wait where they do not fit, and takes them again when there is room', async () => {
    const half = async (sub: string): Promise<RawSocket> => {
      const raw = await RawSocket.open(server.url);
      const { authorization } = bearer(tokenOf('writer', { sub }));
      const head = `POST /api/atome/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n`;
      raw.send(`${head}Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`);
      raw.send(Buffer.alloc(400_000, 'a'));
      return raw;
    };
    const raws: RawSocket[] = [];
    for (let n = 0; n < 10; n += 1) raws.push(await half(`writer-${n}`));
    const refused = await Promise.race(raws.map((raw) => raw.ended()));
    expect(refused.toString()).toMatch(/^HTTP\/1\.1 503[\s\S]*Retry-After: 1\r\n/i);
    expect(memory.bytes).toBeLessThanOrEqual(BUDGET);
    for (const { socket } of raws) socket.destroy();
    while (memory.bytes > 100_000) await new Promise(setImmediate);
    await push('tenant-1');
  });
});

describe.each(DATABASES)('writes that wait, on %s', (_name, createDatabase) => {
  it('are refused when their bytes do not fit; those that were taken are kept', async () => {
    const database = await createDatabase();
    const watched = new WatchedStore(await openStore(database.url));
    const memory = new MemoryBudget(100_000);
    const writer = new LedgerWriter(
      watched.store,
      () => Promise.resolve(undefined),
      {
        clock: new HybridClock('server'),
        limits: DEFAULT_LIMITS,
        quotas: NO_QUOTAS,
        rules: OPEN_RULES,
        now: Date.now,
        memory,
      },
      () => undefined,
    );
    memory.register(writer);
    const gate = new Gate();
    watched.before = (method) => (method === 'write.commit' ? gate.pass() : undefined);
    const written = Array.from({ length: 20 }, (_, n) =>
      writer.submit(TENANT, create(`a-${n}`, { text: 'a'.repeat(10_000) }), ORIGIN),
    );
    const refused = written.slice(12);
    for (const each of refused) await expect(each).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    gate.open();
    const outcomes = await Promise.allSettled(written);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(9);
    expect(writer.bytes).toBe(0);
    const again = await writer.submit(TENANT, create('again', { text: 'a'.repeat(10_000) }), ORIGIN);
    expect(again.outcome).toBe('applied');
    await writer.drain();
    await watched.store.close();
    await database.drop();
  });
});
