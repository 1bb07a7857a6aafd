import { afterEach, describe, expect, it } from '@jest/globals';
import { LedgerDataSource } from '../../src/database/ledger-data-source.js';
import { CountWhatIsStored1760200000000 } from '../../src/database/migrations/1760200000000-count-what-is-stored.js';
import { CountAllTexts1769000000000 } from '../../src/database/migrations/1769000000000-count-all-texts.js';
import { Floors1777000000000 } from '../../src/database/migrations/1777000000000-floors.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { querying } from '../support/ledger/raw-query.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES, type Database } from '../support/databases/databases.js';

const note = { kind: 'note', data: {} };
const mutate = (opId: string) => ({ opId, operation: 'create', kind: 'note', data: {} });

describe.each(DATABASES)('the quotas of a tenant, on %s,', (_name, create) => {
  let database: Database;
  let server: TestApp;
  const start = async (environment: Record<string, string>): Promise<void> => {
    database = await create();
    server = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url, ...environment });
  };
  afterEach(async () => {
    await server.close();
    await database.drop();
  });
  const writer = (tenant: string) => server.api.as(tokenOf('writer', { tenant }));

  it('hold on every door: a rate', async () => {
    await start({ TENANT_WRITES_PER_SECOND: '1', TENANT_WRITE_BURST: '2' });
    const operations = ['1', '2', '3'].map(mutate);
    const { body } = await writer('a').post('/api/sync/push', { operations });
    const wait = { code: 'rate_limited', retryable: true, status: 429, details: { retryAfter: expect.any(Number) } };
    expect(body.results).toMatchObject([{ type: 'ack' }, { type: 'ack' }, { type: 'nack', error: wait }]);
    const refused = await writer('a').post('/api/atome/create', note);
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited', retryAfter: expect.any(Number) } });
    expect(refused.headers.get('retry-after')).toBe('1');
    const socket = await server.connect(bearer(tokenOf('writer', { tenant: 'a' })));
    socket.send({ type: 'mutate', ...mutate('4') });
    expect(await socket.answer()).toMatchObject({ type: 'nack', error: wait });
    expect(await writer('b').post('/api/atome/create', note)).toMatchObject({ status: 201 });
  });

  it('keep nobody from taking rights away, or from making room, on any door', async () => {
    await start({ TENANT_WRITES_PER_SECOND: '1', TENANT_WRITE_BURST: '9' });
    const [owner, mallory] = ['owner', 'mallory'].map((sub) => server.api.as(tokenOf('writer', { sub })));
    const ids = await Promise.all(['1', '2', '3', '4', '5'].map(async () => (await owner!.create()).id as string));
    const operations = Array.from({ length: 50 }, (_, n) => mutate(`m${n}`));
    await mallory!.post('/api/sync/push', { operations });
    const takeAway = { operation: 'share', changes: { access: 'private' } };
    expect(await owner!.post('/api/atome/create', note)).toMatchObject({ status: 429 });
    expect(await owner!.post(`/api/atome/${ids[0]}/share`, { access: 'private' })).toMatchObject({ status: 200 });
    const pushed = [{ opId: 'push', atomeId: ids[1], ...takeAway }];
    expect((await owner!.post('/api/sync/push', { operations: pushed })).body.results).toMatchObject([{ type: 'ack' }]);
    const socket = await server.connect(bearer(tokenOf('writer', { sub: 'owner' })));
    socket.send({ type: 'mutate', opId: 'socket', atomeId: ids[2], ...takeAway });
    expect(await socket.answer()).toMatchObject({ type: 'ack' });
    expect(await owner!.delete(`/api/atome/${ids[3]}`)).toMatchObject({ status: 200 });
    // what does neither waits as before
    const change = { operation: 'update', changes: { n: 1 } };
    expect(await owner!.post(`/api/atome/${ids[4]}/alter`, change)).toMatchObject({ status: 429 });
  });

  it('hold on every door: what it holds', async () => {
    await start({ TENANT_ATOMES: '1', TENANT_BYTES: '5000' });
    const { id } = await writer('a').create();
    const exceeded = { code: 'quota_exceeded', status: 429, details: { quota: 'atomes', limit: 1, used: 1 } };
    const { body } = await writer('a').post('/api/sync/push', { operations: [mutate('1')] });
    expect(body.results).toMatchObject([{ type: 'nack', error: exceeded }]);
    const refused = await writer('a').post('/api/atome/create', note);
    expect(refused).toMatchObject({ status: 429, body: { code: 'quota_exceeded', quota: 'atomes' } });
    expect(refused.headers.get('retry-after')).toBe('60');
    const large = { operation: 'update', changes: { text: 'x'.repeat(5_000) } };
    const larger = await writer('a').post(`/api/atome/${String(id)}/alter`, large);
    expect(larger).toMatchObject({ status: 429, body: { code: 'quota_exceeded', quota: 'bytes' } });
    expect(await writer('a').delete(`/api/atome/${String(id)}`)).toMatchObject({ status: 200 });
    await writer('a').create();
    await writer('b').create();
  });

  it('keep a noisy tenant from slowing another', async () => {
    await start({ TENANT_WRITES_PER_SECOND: '50', TENANT_WRITE_BURST: '50' });
    const [noisy, quiet, reader] = await Promise.all(
      ['a', 'b', 'b'].map((tenant) => server.connect(bearer(tokenOf('writer', { tenant })))),
    );
    reader!.send({ type: 'subscribe', since: 0 });
    await reader!.next('sync:live');
    const FLOOD = 5_000;
    for (let i = 0; i < FLOOD; i += 1) noisy!.send({ type: 'mutate', ...mutate(`n${i}`) });
    for (let i = 0; i < 20; i += 1) {
      quiet!.send({ type: 'mutate', ...mutate(`q${i}`) });
      expect(await quiet!.answer()).toMatchObject({ type: 'ack', seq: i + 1 });
    }
    await reader!.next('events', ({ to }) => to === 20);
    // what is refused is told at once, what was let in before it when it is committed
    for (let i = 0; i < FLOOD; i += 1) await noisy!.answer();
    const refused = noisy!.all('nack').length;
    expect(refused).toBeGreaterThan(FLOOD / 2);
    expect(refused + noisy!.all('ack').length).toBe(FLOOD);
  });

  it('are counted from what is there when a ledger of an earlier version is opened', async () => {
    await start({});
    for (let i = 0; i < 5; i += 1) {
      const { id } = await writer('a').create({ text: 'ü'.repeat(i * 700) });
      await writer('a').put(`/api/atome/${String(id)}`, { data: { text: 'x'.repeat(6_000) } });
      await writer('a').put(
        `/api/atome/${String(id)}`,
        { data: { text: 'x'.repeat(6_000) } },
        { 'idempotency-key': `${i}` },
      );
      if (i === 0) await writer('a').delete(`/api/atome/${String(id)}`);
    }
    const dataSource = await new LedgerDataSource(database.url).initialize();
    const counted = (): Promise<unknown> => querying(dataSource)('SELECT tenant, atomes, bytes FROM atome_ledgers');
    const before = await counted();
    const runner = dataSource.createQueryRunner();
    const counting = [
      new CountWhatIsStored1760200000000(),
      new CountAllTexts1769000000000(),
      new Floors1777000000000(),
    ];
    for (const migration of [...counting].reverse()) await migration.down(runner);
    for (const migration of counting) await migration.up(runner);
    await runner.release();
    expect(await counted()).toEqual(before);
    await dataSource.destroy();
  });
});
