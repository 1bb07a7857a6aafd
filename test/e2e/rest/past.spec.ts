import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Alteration, Atome } from '../../../src/protocol/index.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

describe.each(DATABASES)('the past over REST, on %s', (_database, create) => {
  let server: TestApp;
  let past: Atome[];
  let seqs: number[];
  const VERSIONS = 45;

  beforeAll(async () => {
    server = await startOn(create);
    past = [];
    seqs = [];
    const note = (body: Record<string, unknown>): void => {
      past.push(body.atome as Atome);
      seqs.push(body.seq as number);
    };
    note(await server.api.create({ n: 1, long: 'x'.repeat(300) }, { id: 'a1' }));
    for (let n = 2; n <= VERSIONS; n += 1) {
      // other atomes stand between, and the clock moves on
      await server.api.create({ n });
      note((await server.api.patch('/api/atome/a1', { n, [`key${n % 5}`]: n })).body);
    }
  });
  afterAll(() => server.close());

  const at = (asOf: string) => server.api.get(`/api/atome/a1?${asOf}`);

  it('shows an atome as it was at each version', async () => {
    for (const [i, atome] of past.entries())
      expect((await at(`version=${i + 1}`)).body).toEqual({ success: true, atome });
  });

  it('shows an atome as it was at a seq, on it and behind it', async () => {
    for (const i of [0, 1, 20, VERSIONS - 1]) {
      expect((await at(`at=${seqs[i]!}`)).body.atome).toEqual(past[i]);
      expect((await at(`at=${seqs[i]! + 1}`)).body.atome).toEqual(
        past[i + 1 < VERSIONS && seqs[i + 1] === seqs[i]! + 1 ? i + 1 : i],
      );
    }
  });

  it('shows an atome as it was at a time', async () => {
    const newestAt = (time: string): Atome => past.findLast(({ updatedAt }) => updatedAt <= time)!;
    for (const { updatedAt } of past) expect((await at(`at=${updatedAt}`)).body.atome).toEqual(newestAt(updatedAt));
    expect((await at('at=2999-01-01')).body.atome).toEqual(past.at(-1));
    const plusTwo = new Date(Date.parse(past[20]!.updatedAt) + 7_200_000).toISOString().replace('Z', '+02:00');
    expect((await at(`at=${encodeURIComponent(plusTwo)}`)).body.atome).toEqual(newestAt(past[20]!.updatedAt));
  });

  it.each([
    ['version=46', 404, 'not_found'],
    ['at=0', 404, 'not_found'],
    ['at=1999-01-01T00:00:00Z', 404, 'not_found'],
    ['version=0', 400, 'invalid'],
    ['version=one', 400, 'invalid'],
    ['at=yesterday', 400, 'invalid'],
    ['at=2026-01-31T12:00:00', 400, 'invalid'],
    ['at=-1', 400, 'invalid'],
    ['version=1&at=1', 400, 'invalid'],
  ])('%s is answered %i %s', async (asOf, status, code) => {
    expect(await at(asOf)).toMatchObject({ status, body: { code, detail: expect.stringMatching(/\w+ \w+/) } });
  });

  it('looks back beyond a deletion', async () => {
    const { id } = await server.api.create({ title: 'short-lived' });
    await server.api.delete(`/api/atome/${String(id)}`);
    const get = async (query: string) => (await server.api.get(`/api/atome/${String(id)}?${query}`)).body;
    expect(await get('version=1')).toMatchObject({ atome: { deletedAt: null, data: { title: 'short-lived' } } });
    expect(await get('version=2')).toMatchObject({ atome: { deletedAt: expect.any(String) } });
  });

  it('lists the history page by page, newest first', async () => {
    const page = async (query: string) => (await server.api.get(`/api/atome/a1/history?${query}`)).body;
    const walked: Alteration[] = [];
    for (let n = 1; n <= 3; n += 1) {
      const { alterations, ...rest } = await page(`limit=20&page=${n}`);
      const nextCursor = n < 3 ? String(VERSIONS - 20 * n + 1) : null;
      const counts = { currentVersion: VERSIONS, total: VERSIONS, page: n, pages: 3 };
      expect(rest).toEqual({ success: true, id: 'a1', ...counts, nextCursor });
      walked.push(...(alterations as Alteration[]));
    }
    expect(walked.map(({ version }) => version)).toEqual(past.map(({ version }) => version).reverse());
    expect((await page('limit=20&page=2')).alterations).toEqual((await page('limit=20&cursor=26')).alterations);
    expect(walked.map(({ seq }) => seq)).toEqual([...seqs].reverse());
    expect(walked.at(-1)).toMatchObject({ operation: 'create', changes: { kind: 'note', data: { n: 1 } } });
    expect((await page('')).alterations).toHaveLength(20);
    expect((await page('page=4')).alterations).toEqual([]);
  });

  it('tells who wrote, why, and through which client', async () => {
    const { id } = await server.api.create({});
    const headers = { 'x-client-id': 'client-7', 'idempotency-key': `op-${String(id)}` };
    const body = { operation: 'update', changes: { a: 1 }, reason: 'because' };
    await server.api.post(`/api/atome/${String(id)}/alter`, body, headers);
    const { alterations } = (await server.api.get(`/api/atome/${String(id)}/history`)).body;
    expect((alterations as Alteration[])[0]).toEqual({
      seq: expect.any(Number),
      atomeId: id,
      version: 2,
      operation: 'update',
      changes: { a: 1 },
      reason: 'because',
      author: expect.any(String),
      sourceClient: 'client-7',
      opId: `op-${String(id)}`,
      hlc: expect.any(String),
      timestamp: expect.any(String),
      superseded: [],
      prevHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('goes on after a restore to what was current before it', async () => {
    await server.api.post('/api/atome/a1/restore', { version: 1 });
    expect((await server.api.get('/api/atome/a1')).body.atome).toMatchObject({ version: 46, data: past[0]!.data });
    await server.api.post('/api/atome/a1/restore', { version: 45 });
    expect((await server.api.get('/api/atome/a1')).body.atome).toMatchObject({ version: 47, data: past.at(-1)!.data });
    expect(await server.api.post('/api/atome/a1/restore', { version: 99 })).toMatchObject({ status: 404 });
  });
});

describe('the ETag of an atome', () => {
  let server: TestApp;
  let first: string;
  let second: string;
  beforeAll(async () => {
    server = await startApp();
    await server.api.create({}, { id: 'a1' });
    first = await tagOf();
    await server.api.put('/api/atome/a1', { data: { v: 2 } });
    second = await tagOf();
  });
  afterAll(() => server.close());

  const tagOf = async (query = '') => (await server.api.get(`/api/atome/a1${query}`)).headers.get('etag')!;
  const status = async (tag: string, query = '') =>
    (await server.api.get(`/api/atome/a1${query}`, { 'if-none-match': tag })).status;

  it('is that of the version which is shown, however that was asked for', async () => {
    expect(first).not.toBe(second);
    expect([await tagOf('?version=1'), await tagOf('?at=1'), await tagOf('?version=2')]).toEqual([
      first,
      first,
      second,
    ]);
    expect(await tagOf('?at=2999-01-01')).toBe(second);
    expect([await status(first, '?version=1'), await status(second, '?version=1')]).toEqual([304, 200]);
  });

  it('is the same for all who may read it, and on every day', async () => {
    const written = await server.api.post('/api/atome/create', { id: 'a2', kind: 'note', data: {} });
    const noop = await server.api.put('/api/atome/a2', { data: {} });
    const read = await server.api.get('/api/atome/a2');
    const tags = [written, noop, read].map(({ headers }) => headers.get('etag'));
    expect(new Set(tags).size).toBe(1);
  });
});
