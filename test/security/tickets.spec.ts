import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer, type Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { EventStream } from '../support/clients/event-stream.js';
import { TestSocket } from '../support/clients/socket.js';

describe.each(DATABASES)('a one-time ticket on %s', (_name, create) => {
  let database: Database;
  let server: TestApp;
  let writer: Api;
  beforeEach(async () => {
    database = await create();
    server = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url });
    writer = server.api.as(tokenOf('writer'));
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  const ticketOf = async (token: string): Promise<string> => {
    const { status, headers, body } = await server.api.as(token).post('/api/auth/ticket');
    expect({ status, cache: headers.get('cache-control') }).toEqual({ status: 200, cache: 'no-store' });
    return body.ticket as string;
  };
  const open = (query: string): Promise<TestSocket> => TestSocket.connect(`${server.wsUrl}?${query}`);
  const changes = (ticket: string): string => `${server.url}/api/sync/changes?since=0&ticket=${ticket}`;

  it('is good for 30 s, or until the token of its owner ends', async () => {
    const before = Date.now();
    const { body } = await writer.post('/api/auth/ticket');
    expect(body).toEqual({ success: true, ticket: expect.stringMatching(/^[\w-]{43}$/), expiresAt: expect.anything() });
    const expiresAt = Date.parse(body.expiresAt as string);
    expect(expiresAt).toBeGreaterThanOrEqual(before + 30_000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 30_000);
    const exp = Math.floor(Date.now() / 1_000) + 9;
    const { body: short } = await server.api.as(tokenOf('reader', { exp })).post('/api/auth/ticket');
    expect(Date.parse(short.expiresAt as string)).toBe(exp * 1_000);
  });

  it('opens a WebSocket as its owner, once', async () => {
    const ticket = await ticketOf(tokenOf('writer'));
    const socket = await open(`ticket=${ticket}`);
    expect(await socket.next('welcome')).toMatchObject({ authRequired: false, seq: 0 });
    socket.send({ type: 'mutate', opId: 'op', operation: 'create', kind: 'note', data: {} });
    expect(await socket.next('ack')).toMatchObject({ seq: 1 });
    expect((await writer.get('/api/atome/list')).body.data).toMatchObject([{ ownerId: 'writer' }]);

    const second = await open(`ticket=${ticket}`);
    expect(await second.next('error')).toMatchObject({ code: 'unauthenticated' });
    expect(await second.closed()).toMatchObject({ code: 4401 });
    await socket.close();
  });

  it('gives no more than its owner has', async () => {
    const socket = await open(`ticket=${await ticketOf(tokenOf('reader'))}`);
    socket.send({ type: 'mutate', opId: 'op', operation: 'create', kind: 'note', data: {} });
    expect(await socket.next('nack')).toMatchObject({ error: { code: 'forbidden' } });
    await socket.close();
    expect(await server.api.as(tokenOf('nobody', { roles: [] })).post('/api/auth/ticket')).toMatchObject({
      status: 403,
    });
    expect(await server.api.post('/api/auth/ticket')).toMatchObject({ status: 401 });
  });

  it('ends with the token of its owner', async () => {
    const ticket = await ticketOf(tokenOf('reader', { exp: Date.now() / 1_000 + 3.000_25 }));
    const socket = await open(`ticket=${ticket}`);
    await socket.next('welcome');
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'the token has expired' });
  });

  it('opens server-sent events, and no other call', async () => {
    await writer.create();
    const ticket = await ticketOf(tokenOf('reader'));
    for (const path of ['/api/atome/list', '/api/sync/snapshot', '/api/server-info']) {
      const { status, body } = await server.api.get(`${path}?ticket=${ticket}`);
      expect({ path, status, seq: body.seq }).toEqual({
        path,
        status: path.endsWith('info') ? 200 : 401,
        seq: undefined,
      });
    }
    const stream = await EventStream.open(changes(ticket));
    expect(await stream.next()).toMatchObject({ id: '1' });
    stream.close();
    await expect(EventStream.open(changes(ticket))).rejects.toThrow('401');
  });

  it('is won by one of many who come with it at once', async () => {
    const other = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url });
    try {
      const ticket = await ticketOf(tokenOf('reader'));
      const path = `/api/sync/changes?ticket=${ticket}`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? server : other).api.get(path).then(({ status }) => status)),
      );
      expect(answers.sort()).toEqual([200, ...Array<number>(19).fill(401)]);
    } finally {
      await other.close();
    }
  });

  it.each(['', 'x', 'A'.repeat(43), 'é'.repeat(43)])('is not "%s"', async (ticket) => {
    expect(await server.api.get(`/api/sync/changes?ticket=${encodeURIComponent(ticket)}`)).toMatchObject({
      status: 401,
    });
  });

  it.each(['token', 'access_token'])('takes the place of a %s in the address, which is refused', async (name) => {
    const query = `${name}=${tokenOf('writer')}`;
    for (const api of [server.api, writer]) {
      const { status, text, body } = await api.get(`/api/atome/list?${query}`);
      expect({ status, detail: body.detail }).toEqual({
        status: 401,
        detail: expect.stringContaining('/api/auth/ticket'),
      });
      expect(text).not.toContain(tokenOf('writer').split('.')[2]);
    }
    const socket = await TestSocket.connect(`${server.wsUrl}?${query}`, bearer(tokenOf('writer')));
    expect(await socket.next('error')).toMatchObject({ message: expect.stringContaining('/api/auth/ticket') });
    expect(await socket.closed()).toMatchObject({ code: 4401 });
  });
});

describe('a ticket without authentication', () => {
  it('is given and says nothing', async () => {
    const server = await startApp();
    const { status, body } = await server.api.post('/api/auth/ticket');
    expect(status).toBe(200);
    for (const ticket of [body.ticket, body.ticket, 'any']) {
      expect(await server.api.get(`/api/sync/changes?ticket=${ticket as string}`)).toMatchObject({ status: 200 });
    }
    await server.close();
  });
});
