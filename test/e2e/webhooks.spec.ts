import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Tables } from '../../src/database/tables.js';
import { LEDGER_STORE } from '../../src/ledger/store.js';
import type { WebhookDelivery, WebhookWithSecret } from '../../src/webhooks/webhook.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import type { Api } from '../support/clients/api.js';
import { answering, isSigned, Receiver, taking, type Received } from '../support/receiver.js';
import { freePort } from '../support/server/free-port.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const DATABASES: readonly (readonly [string, () => Promise<Database>])[] = [
  ['SQLite', async () => createFile()],
  ['PostgreSQL without superuser', createOwnedDatabase],
];

describe.each(DATABASES)('webhooks on %s', (_name, make) => {
  let database: Database;
  let server: TestApp;
  let receiver: Receiver;
  /** Each test has a tenant, and a path of the receiver, of its own. */
  let tenant: string;
  let path: string;
  let admin: Api;
  let tests = 0;

  const start = (): Promise<TestApp> =>
    startApp(
      { ...WITH_TOKENS, DATABASE_URL: database.url, HEAD_POLL_MS: '20' },
      {
        webhooks: { allowPrivate: true, perTenant: 3 },
        authorize: ({ id }, _action, { kind }) => (kind === 'secret' ? id === 'writer' : undefined),
      },
    );
  beforeAll(async () => {
    database = await make();
    receiver = await Receiver.start();
    server = await start();
  });
  afterAll(async () => {
    await server.close();
    await receiver.close();
    await database.drop();
  });
  beforeEach(() => {
    tests += 1;
    [tenant, path] = [`tenant-${tests}`, `/hook-${tests}`];
    admin = server.api.as(tokenOf('admin', { tenant }));
  });

  const hook = async (more: object = {}, at = path): Promise<WebhookWithSecret> => {
    const { status, body } = await admin.post('/api/webhooks', { url: receiver.url(at), ...more });
    expect(status).toBe(201);
    return body.data as WebhookWithSecret;
  };
  const write = (id: string, more: object = {}): Promise<unknown> => admin.create({ n: 1 }, { id, ...more });
  const get = async (id: string): Promise<unknown> => (await admin.get(`/api/webhooks/${id}`)).body.data;
  const deliveries = async (id: string, query = ''): Promise<WebhookDelivery[]> =>
    (await admin.get(`/api/webhooks/${id}/deliveries${query}`)).body.data as WebhookDelivery[];
  /** Asks until it is so: what a receiver has been sent is told to the database a moment later. */
  async function latest(id: string, isSo: (delivery: WebhookDelivery) => boolean): Promise<WebhookDelivery> {
    for (;;) {
      const found = (await deliveries(id)).find(isSo);
      if (found) return found;
    }
  }
  /** As if so much time had gone by. */
  const pass = async (id: string, ms: number): Promise<void> => {
    const tables = server.app.get<Tables>(LEDGER_STORE, { strict: false });
    await tables.transact(
      [
        'UPDATE atome_webhook_deliveries SET first_at = first_at - ?, next_at = next_at - ? WHERE webhook = ?',
        ms,
        ms,
        id,
      ],
      ['UPDATE atome_consumer_cursors SET due_at = due_at - ? WHERE consumer = ? AND due_at > 0', ms, id],
    );
  };
  const idOf = ({ body: { data } }: Received): unknown => data.atomeId ?? (data.atome as { id: string }).id;
  const seqs = (received: readonly Received[]): unknown[] => received.map(({ body }) => body.data.seq);
  const messageIds = (received: readonly Received[]): unknown[] => received.map(({ headers }) => headers['webhook-id']);

  it('post what is committed, in order, signed as the specification says, under an id that is its own', async () => {
    const { secret, ...made } = await hook();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).toMatchObject({ kinds: null, events: null, enabled: true, seq: 0, createdBy: 'admin' });
    await write('a');
    await admin.patch('/api/atome/a', { n: 2 });
    await admin.delete('/api/atome/a');
    const received = await receiver.until(path, 3);
    expect(received.map(({ body }) => body.type)).toEqual(['atome:created', 'atome:altered', 'atome:deleted']);
    expect(received[0]!.body).toEqual({
      type: 'atome:created',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: expect.objectContaining({ tenant, seq: 1, atome: expect.objectContaining({ id: 'a', data: { n: 1 } }) }),
    });
    expect(received.map((each) => isSigned(each, secret))).toEqual([true, true, true]);
    expect(isSigned(received[0]!, `whsec_${Buffer.alloc(32).toString('base64')}`)).toBe(false);
    expect(isSigned({ ...received[0]!, text: received[1]!.text }, secret)).toBe(false);
    expect(new Set(messageIds(received)).size).toBe(3);
    expect(received[0]!.headers).toMatchObject({ 'content-type': 'application/json' });
    const told = await latest(made.id, ({ seq }) => seq === 3);
    expect(told).toMatchObject({ status: 'delivered', attempts: 1, responseStatus: 204, error: null, nextAt: null });
    expect(told.id).toBe(received[2]!.headers['webhook-id']);
    expect((await admin.get(`/api/webhooks/${made.id}`)).text).not.toContain('whsec_');
    expect((await admin.get('/api/webhooks')).body.data).toEqual([expect.objectContaining({ id: made.id, lag: 0 })]);
  });

  it('give a receiver that has failed for an hour everything, signed, in order, and do not hold up another', async () => {
    const { id, secret } = await hook();
    await hook({}, `${path}-other`);
    receiver.answer(path, answering(500));
    for (const each of ['a', 'b', 'c']) await write(each);
    expect((await receiver.until(`${path}-other`, 3)).map(idOf)).toEqual(['a', 'b', 'c']);
    let passed = 0;
    let attempts = 0;
    while (passed < HOUR_MS) {
      attempts += 1;
      const told = await latest(id, (each) => each.attempts === attempts);
      expect(told).toMatchObject({ seq: 1, status: 'failing', responseStatus: 500 });
      const pauseMs = Date.parse(told.nextAt!) - Date.parse(told.attemptedAt);
      expect(pauseMs).toBe(Math.min(5_000 * 2 ** (attempts - 1), HOUR_MS));
      if (passed + pauseMs >= HOUR_MS) receiver.answer(path, taking);
      await pass(id, pauseMs);
      passed += pauseMs;
    }
    const received = await receiver.until(path, attempts + 3);
    expect(received.map(idOf)).toEqual([...Array.from({ length: attempts + 1 }, () => 'a'), 'b', 'c']);
    expect(new Set(messageIds(received)).size).toBe(3);
    expect(received.every((each) => isSigned(each, secret))).toBe(true);
    await latest(id, (each) => each.seq === 3);
    expect((await deliveries(id)).map(({ status }) => status)).toEqual(['delivered', 'delivered', 'delivered']);
  });

  it('give an event up after three days, go on with the next, and replay it under the same id', async () => {
    const { id, secret } = await hook();
    receiver.answer(path, (message, response, count) =>
      (idOf(message) === 'a' && count < 4 ? answering(500) : taking)(message, response, count),
    );
    await write('a');
    await latest(id, (each) => each.attempts === 1);
    await pass(id, 3 * DAY_MS - HOUR_MS / 2);
    const last = await latest(id, (each) => each.attempts === 2);
    expect(Date.parse(last.nextAt!) - Date.parse(last.attemptedAt)).toBe(10_000);
    await pass(id, DAY_MS);
    expect(await latest(id, (each) => each.attempts === 3)).toMatchObject({ status: 'dead', nextAt: null });
    await write('b');
    expect((await receiver.until(path, 4)).map(idOf)).toEqual(['a', 'a', 'a', 'b']);
    expect(await deliveries(id, '?status=dead')).toMatchObject([{ seq: 1, responseStatus: 500 }]);
    expect((await admin.post(`/api/webhooks/${id}/replay`, { seq: 1 })).status).toBe(200);
    const received = await receiver.until(path, 5);
    expect(idOf(received[4]!)).toBe('a');
    expect(messageIds(received)[4]).toBe(messageIds(received)[0]);
    expect(isSigned(received[4]!, secret)).toBe(true);
    await latest(id, (each) => each.seq === 1 && each.status === 'delivered');
    expect(await deliveries(id, '?status=dead')).toEqual([]);
  });

  it.each([
    ['seconds', () => '600'],
    ['a date', () => new Date(Date.now() + 600_500).toUTCString()],
  ])('wait for as long as a receiver asks by Retry-After in %s', async (_what, value) => {
    const { id } = await hook();
    receiver.answer(path, (message, response, count) =>
      answering(503, { 'retry-after': value() })(message, response, count),
    );
    await write('a');
    const { nextAt, attemptedAt } = await latest(id, (each) => each.attempts === 1);
    const pauseMs = Date.parse(nextAt!) - Date.parse(attemptedAt);
    // the date has no fraction of a second, and is sent a moment before
    expect(pauseMs).toBeGreaterThan(300_000);
    expect(pauseMs).toBeLessThanOrEqual(600_500);
  });

  it('are disabled by 410, and go on where they stopped once they are enabled', async () => {
    const { id } = await hook();
    receiver.answer(path, answering(410));
    await write('a');
    await latest(id, (each) => each.attempts === 1);
    expect(await get(id)).toMatchObject({ enabled: false, disabledReason: expect.stringContaining('410'), lag: 1 });
    await write('b');
    receiver.answer(path, taking);
    const { body } = await admin.patch(`/api/webhooks/${id}`, { enabled: true });
    expect(body.data).toMatchObject({ enabled: true, disabledReason: null });
    expect((await receiver.until(path, 3)).map(idOf)).toEqual(['a', 'a', 'b']);
  });

  it('follow no redirection', async () => {
    const { id } = await hook();
    receiver.answer(path, answering(307, { location: receiver.url(`${path}-inside`) }));
    await write('a');
    const told = await latest(id, (each) => each.attempts === 1);
    expect(told).toMatchObject({ status: 'failing', responseStatus: 307 });
    expect(told.error).toContain('redirections are not followed');
    expect(receiver.at(`${path}-inside`)).toEqual([]);
  });

  it('send of an event that is too large what it takes to read it', async () => {
    await hook();
    await admin.create({ long: 'x'.repeat(70_000) }, { id: 'a' });
    await write('b');
    const [large] = await receiver.until(path, 2);
    expect(large!.text.length).toBeLessThan(1_000);
    expect(large!.body).toMatchObject({
      type: 'atome:created',
      data: { tenant, seq: 1, atomeId: 'a', kind: 'note', version: 1, truncated: true },
    });
  });

  it('are told of their kinds and events alone, and of nothing that their maker may not read', async () => {
    await hook({ kinds: ['order', 'secret'], events: ['atome:created', 'atome:deleted'] });
    await write('note');
    await server.api.as(tokenOf('writer', { tenant })).create({ n: 1 }, { id: 'hidden', kind: 'secret' });
    await write('order', { kind: 'order' });
    await admin.patch('/api/atome/order', { n: 2 });
    await admin.delete('/api/atome/order');
    const received = await receiver.until(path, 2);
    expect(received.map(({ body }) => body.type)).toEqual(['atome:created', 'atome:deleted']);
    expect(received.map(idOf)).toEqual(['order', 'order']);
  });

  it.each<[string, (id: string, to: string) => Promise<unknown>]>([
    ['leads it to another address', (id, to) => admin.patch(`/api/webhooks/${id}`, { url: receiver.url(to) })],
    ['has its secret made anew', (id) => admin.post(`/api/webhooks/${id}/rotate-secret`)],
  ])('are told of nothing that an admin may not read who %s', async (what, change) => {
    const maker = server.api.as(tokenOf('admin', { tenant, sub: 'writer' }));
    const { body } = await maker.post('/api/webhooks', { url: receiver.url(path) });
    const { id } = body.data as WebhookWithSecret;
    await maker.create({ n: 1 }, { id: 'hidden', kind: 'secret' });
    await receiver.until(path, 1);
    await latest(id, ({ seq }) => seq === 1);
    await admin.patch(`/api/webhooks/${id}`, { url: receiver.url(path), description: 'as it was' });
    expect(await get(id)).toMatchObject({ createdBy: 'writer', description: 'as it was' });
    const to = what.includes('address') ? `${path}-elsewhere` : path;
    const before = receiver.at(to).length;
    await change(id, to);
    expect(await get(id)).toMatchObject({ createdBy: 'admin' });
    expect((await admin.post(`/api/webhooks/${id}/replay`, { after: 0 })).status).toBe(200);
    await write('shown');
    const received = await receiver.until(to, (all) => all.some((each) => idOf(each) === 'shown'));
    expect(received.slice(before).map(idOf)).toEqual(['shown']);
  });

  it.each<[string, number, (id: string) => Promise<unknown>]>([
    ['enabled again', 410, (id) => admin.patch(`/api/webhooks/${id}`, { enabled: true })],
    ['led elsewhere', 500, (id) => admin.patch(`/api/webhooks/${id}`, { url: receiver.url(`${path}-elsewhere`) })],
    ['moved', 500, (id) => admin.post(`/api/webhooks/${id}/replay`, { after: 0 })],
  ])('do not give up at once what failed for days before they were %s', async (_what, status, change) => {
    const { id } = await hook();
    const hour = { 'retry-after': '3600' };
    receiver.answer(path, answering(status, hour));
    await write('a');
    await latest(id, ({ attempts }) => attempts === 1);
    const tables = server.app.get<Tables>(LEDGER_STORE, { strict: false });
    await tables.transact([
      'UPDATE atome_webhook_deliveries SET first_at = first_at - ? WHERE webhook = ?',
      ...[4 * DAY_MS, id],
    ]);
    for (const each of [path, `${path}-elsewhere`]) receiver.answer(each, answering(503, hour));
    await change(id);
    const first = await latest(id, ({ responseStatus }) => responseStatus === 503);
    expect(first).toMatchObject({ status: 'failing', attempts: 1 });
    await pass(id, HOUR_MS);
    expect(await latest(id, ({ attempts }) => attempts === 2)).toMatchObject({ status: 'failing' });
  });

  it('leave nothing as failing that is skipped, also while it fails', async () => {
    const { id } = await hook();
    let fail: () => void = () => undefined;
    receiver.answer(path, (message, response, count) => {
      if (count === 1) answering(500, { 'retry-after': '3600' })(message, response, count);
      else if (idOf(message) === 'c') taking(message, response, count);
      else fail = () => answering(500)(message, response, count);
    });
    await write('a');
    await latest(id, ({ status }) => status === 'failing');
    await admin.post(`/api/webhooks/${id}/replay`, { after: 1 });
    expect(await deliveries(id)).toEqual([]);
    await write('b');
    await receiver.until(path, 2);
    await admin.post(`/api/webhooks/${id}/replay`, { after: 2 });
    fail();
    await write('c');
    await latest(id, ({ seq }) => seq === 3);
    expect((await deliveries(id)).map(({ seq, status }) => [seq, status])).toEqual([[3, 'delivered']]);
  });

  it('end with what was to be sent once more when they are deleted', async () => {
    const { id } = await hook();
    for (const each of ['a', 'b', 'c']) await write(each);
    await latest(id, ({ seq }) => seq === 3);
    await admin.patch(`/api/webhooks/${id}`, { enabled: false });
    for (const seq of [1, 2, 3]) await admin.post(`/api/webhooks/${id}/replay`, { seq });
    let release: () => void = () => undefined;
    receiver.answer(path, (...message) => {
      if (message[2] === 4) release = () => taking(...message);
      else taking(...message);
    });
    await admin.patch(`/api/webhooks/${id}`, { enabled: true });
    await receiver.until(path, 4);
    await admin.delete(`/api/webhooks/${id}`);
    release();
    const other = await hook({}, `${path}-other`);
    await write('d');
    await latest(other.id, ({ seq }) => seq === 4);
    expect(seqs(receiver.at(path))).toEqual([1, 2, 3, 1]);
  });

  it('are deleted while PostgreSQL writes down what became of a delivery, and neither waits for the other', async () => {
    if (!database.url.startsWith('postgres:')) return;
    const { id } = await hook();
    await write('a');
    await latest(id, ({ seq }) => seq === 1);
    const delivery = new pg.Client({ connectionString: (database as { adminUrl?: string }).adminUrl });
    await delivery.connect();
    try {
      await delivery.query('BEGIN');
      await delivery.query('UPDATE atome.consumer_cursors SET seq = seq WHERE consumer = $1', [id]);
      const deleted = admin.delete(`/api/webhooks/${id}`);
      const waiting = 'SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))';
      while ((await delivery.query(waiting)).rowCount === 0);
      await delivery.query('UPDATE atome.webhook_deliveries SET attempts = attempts WHERE webhook = $1', [id]);
      await delivery.query('COMMIT');
      expect((await deleted).status).toBe(200);
      const left = await delivery.query('SELECT 1 FROM atome.webhook_deliveries WHERE webhook = $1', [id]);
      expect(left.rowCount).toBe(0);
    } finally {
      await delivery.end();
    }
  });

  it('send again what is behind a seq, in order, under the same ids', async () => {
    const { id } = await hook();
    for (const each of ['a', 'b', 'c']) await write(each);
    await receiver.until(path, 3);
    await latest(id, (each) => each.seq === 3);
    expect((await admin.post(`/api/webhooks/${id}/replay`, { after: 1 })).status).toBe(200);
    const received = await receiver.until(path, 5);
    expect(seqs(received)).toEqual([1, 2, 3, 2, 3]);
    expect(messageIds(received).slice(3)).toEqual(messageIds(received).slice(1, 3));
    for (const [body, status] of [
      [{ after: 99 }, 400],
      [{ after: 1, seq: 1 }, 400],
      [{}, 400],
      [{ seq: 99 }, 404],
    ] as const) {
      expect((await admin.post(`/api/webhooks/${id}/replay`, body)).status).toBe(status);
    }
  });

  it('are moved while a delivery is under way, which keeps nobody from going on', async () => {
    const { id } = await hook();
    let release: () => void = () => undefined;
    receiver.answer(path, (message, response, count) => {
      if (count === 2) release = () => taking(message, response, count);
      else taking(message, response, count);
    });
    await write('a');
    await write('b');
    await receiver.until(path, 2);
    await admin.post(`/api/webhooks/${id}/replay`, { after: 0 });
    release();
    expect((await receiver.until(path, 4)).map(idOf)).toEqual(['a', 'b', 'a', 'b']);
  });

  it('sign with both secrets after a rotation', async () => {
    const { id, secret } = await hook();
    const { body } = await admin.post(`/api/webhooks/${id}/rotate-secret`);
    expect(body.secret).not.toBe(secret);
    await write('a');
    const [received] = await receiver.until(path, 1);
    expect([isSigned(received!, secret), isSigned(received!, String(body.secret))]).toEqual([true, true]);
  });

  it('are tested at once, also where nothing is sent', async () => {
    const { id, secret } = await hook({ enabled: false });
    const ok = await admin.post(`/api/webhooks/${id}/test`);
    expect(ok.body.data).toEqual({ delivered: true, responseStatus: 204, error: null });
    const [received] = receiver.at(path);
    expect(received!.body).toMatchObject({ type: 'webhook:test', data: { webhook: id, tenant } });
    expect(isSigned(received!, secret)).toBe(true);
    receiver.answer(path, answering(500));
    expect((await admin.post(`/api/webhooks/${id}/test`)).body.data).toMatchObject({
      delivered: false,
      responseStatus: 500,
      error: expect.stringContaining('500'),
    });
  });

  it('are tested by some of a tenant at once, which keep no other tenant from it', async () => {
    const { id } = await hook();
    const held: ServerResponse[] = [];
    receiver.answer(path, (_received, response) => void held.push(response));
    // given a receiver that takes its time for all that a tenant may test at once
    const statuses: number[] = [];
    const answered = new EventEmitter();
    const testing = Array.from({ length: 9 }, async () => {
      statuses.push((await admin.post(`/api/webhooks/${id}/test`)).status);
      answered.emit('one');
    });
    await receiver.until(path, 2);
    while (statuses.length < 7) await once(answered, 'one');
    // when another tenant tests its own
    const other = server.api.as(tokenOf('admin', { tenant: `${tenant}-other` }));
    const { body } = await other.post('/api/webhooks', { url: receiver.url(`${path}-other`) });
    const tested = await other.post(`/api/webhooks/${(body.data as WebhookWithSecret).id}/test`);
    held.forEach((response) => response.writeHead(204).end());
    await Promise.all(testing);
    // then it is
    expect(tested.body.data).toMatchObject({ delivered: true });
    expect(statuses).toEqual([...Array<number>(7).fill(429), 200, 200]);
  });

  it('send nothing once they are disabled, or deleted', async () => {
    const [one, two] = [await hook(), await hook({}, `${path}-two`)];
    await admin.patch(`/api/webhooks/${one.id}`, { enabled: false, description: 'not now' });
    expect(await get(one.id)).toMatchObject({ enabled: false, description: 'not now', disabledReason: null });
    expect((await admin.delete(`/api/webhooks/${two.id}`)).status).toBe(200);
    expect((await admin.get(`/api/webhooks/${two.id}`)).status).toBe(404);
    await hook({}, `${path}-three`);
    await write('a');
    await receiver.until(`${path}-three`, 1);
    expect([receiver.at(path), receiver.at(`${path}-two`)]).toEqual([[], []]);
    const tables = server.app.get<Tables>(LEDGER_STORE, { strict: false });
    expect(await tables.rows('SELECT seq FROM atome_consumer_cursors WHERE consumer = ?', two.id)).toEqual([]);
  });

  it('are those of one tenant alone', async () => {
    const { id } = await hook();
    const other = server.api.as(tokenOf('admin', { tenant: `${tenant}-other` }));
    await other.create({ n: 1 }, { id: 'x' });
    for (const [method, at, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { enabled: false }],
      ['DELETE', '', undefined],
      ['POST', '/rotate-secret', undefined],
      ['POST', '/test', undefined],
      ['GET', '/deliveries', undefined],
      ['POST', '/replay', { after: 0 }],
    ] as const) {
      expect([at, (await other.call(method, `/api/webhooks/${id}${at}`, body)).status]).toEqual([at, 404]);
    }
    expect((await other.get('/api/webhooks')).body.data).toEqual([]);
    await write('a');
    expect((await receiver.until(path, 1)).map(idOf)).toEqual(['a']);
    expect((await admin.get('/api/consumers')).body.data).toEqual([]);
  });

  it('are as many as the setting says', async () => {
    await Promise.all([hook(), hook(), hook()]);
    const { status, text } = await admin.post('/api/webhooks', { url: receiver.url(path) });
    expect([status, text]).toEqual([409, expect.stringContaining('WEBHOOKS_PER_TENANT')]);
  });

  it.each([
    [{}, 'url'],
    [{ url: null }, 'url'],
    [{ url: 'ftp://x.example/' }, 'url'],
    [{ url: 'nonsense' }, 'url'],
    [{ url: 'https://user:password@x.example/' }, 'url'],
    [{ url: `https://x.example/${'x'.repeat(2_048)}` }, 'url'],
    [{ url: 'https://x.example/', description: null }, 'description'],
    [{ url: 'https://x.example/', kinds: 'note' }, 'kinds'],
    [{ url: 'https://x.example/', kinds: ['no kind'] }, 'kinds'],
    [{ url: 'https://x.example/', events: ['atome:left'] }, 'events'],
    [{ url: 'https://x.example/', secret: 'mine' }, 'secret'],
    [[], ''],
  ] as [object, string][])('refuse what cannot be one, %#', async (body, field) => {
    const { status, body: problem } = await admin.post('/api/webhooks', body);
    expect([status, problem.errors]).toEqual([400, [expect.objectContaining({ path: field })]]);
  });

  it('are taken by the receiver of the documentation', async () => {
    const page = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8');
    const [, program = ''] = /```js\n(.*?)```/s.exec(page)!;
    const port = await freePort();
    const { id, secret } = await hook({ url: `http://127.0.0.1:${port}/` });
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      env: { PATH: process.env.PATH, PORT: String(port), WEBHOOK_SECRET: secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      await write('a');
      await latest(id, ({ attempts }) => attempts > 0);
      // it may not have listened yet
      for (;;) {
        const { body } = await admin.post(`/api/webhooks/${id}/test`);
        if ((body.data as { delivered: boolean }).delivered) break;
      }
      expect((await lines.next()).value).toMatch(/^(?:webhook:test undefined|atome:created 1)$/);
      await admin.patch(`/api/webhooks/${id}`, { enabled: true });
      const told = await latest(id, ({ status }) => status === 'delivered');
      expect(told.responseStatus).toBe(204);
      const forged = { 'webhook-id': 'a', 'webhook-timestamp': '1', 'webhook-signature': 'v1,bm8=' };
      expect((await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: forged, body: '{}' })).status).toBe(
        400,
      );
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  it('are sent by another server when theirs ends in the middle of a delivery', async () => {
    const { id } = await hook();
    const second = await start();
    receiver.answer(path, () => undefined);
    await write('a');
    await receiver.until(path, 1);
    receiver.answer(path, taking);
    // ends the connection that hangs
    await server.app.close();
    server = second;
    admin = server.api.as(tokenOf('admin', { tenant }));
    await write('b');
    const received = await receiver.until(path, (all) => all.some((each) => idOf(each) === 'b'));
    // whichever of the two had the lease meanwhile
    expect([...new Set(received.map(idOf))]).toEqual(['a', 'b']);
    expect(received.length).toBeGreaterThan(2);
    await latest(id, (each) => each.seq === 2);
    // that of the server that has ended does not count
    expect(await latest(id, (each) => each.seq === 1)).toMatchObject({ status: 'delivered', attempts: 1 });
  });
});
