import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inSeconds, tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer, type Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { frame, RawSocket, upgradeRequest } from '../support/clients/raw-socket.js';
import type { TestSocket } from '../support/clients/socket.js';

const write = (opId: string) => ({ type: 'mutate', opId, operation: 'create', kind: 'n', data: {} });
/** A token that ends in a moment: a time in a token may be a fraction. */
const shortly = (role: string, ms: number): string => tokenOf(role, { exp: (Date.now() + ms) / 1_000 });

describe('a WebSocket where authentication is on', () => {
  let server: TestApp;
  let writer: Api;
  beforeEach(async () => {
    server = await startApp({ ...WITH_TOKENS, AUTH_TIMEOUT_MS: '300' });
    writer = server.api.as(tokenOf('writer'));
  });
  afterEach(() => server.close());

  const opened = async (token: string): Promise<TestSocket> => {
    const socket = await server.connect(bearer(token));
    await socket.next('welcome');
    await socket.settled();
    return socket;
  };

  it('is welcomed without a word about any ledger', async () => {
    await writer.create();
    const socket = await server.connect();
    const welcome = await socket.next('welcome');
    expect(welcome).toMatchObject({ authRequired: true, connectedClients: 0 });
    expect(Object.keys(welcome)).not.toEqual(expect.arrayContaining(['seq']));
    expect(Object.keys(welcome)).not.toEqual(expect.arrayContaining(['epoch']));
  });

  it('is closed with 4401 when no token comes in time, however much it talks', async () => {
    const socket = await server.connect();
    for (let i = 0; i < 10; i += 1) socket.send({ type: 'ping' });
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'no token came in time' });
  });

  it('hears nothing before its token, and everything after it', async () => {
    const socket = await server.connect();
    await socket.next('welcome');
    await writer.create();
    const exp = inSeconds(600);
    socket.send({ type: 'auth', token: tokenOf('reader', { exp }) });
    expect(await socket.next('auth:success')).toEqual({
      type: 'auth:success',
      clientId: expect.any(String),
      principal: { id: 'reader', tenant: 'acme', roles: ['reader'] },
      expiresAt: new Date(exp * 1_000).toISOString(),
      epoch: expect.any(String),
      seq: 1,
    });
    await writer.create();
    expect(await socket.next('atome:created')).toMatchObject({ seq: 2 });
    expect(socket.received.map(({ type }) => type)).toEqual(['welcome', 'auth:success', 'atome:created']);
  });

  it('takes the token from the header of the handshake', async () => {
    const socket = await server.connect(bearer(tokenOf('reader')));
    expect(await socket.next('welcome')).toMatchObject({ authRequired: false, connectedClients: 1, seq: 0 });
    await writer.create();
    expect(await socket.next('atome:created')).toMatchObject({ seq: 1 });
  });

  it('takes no token from the address', async () => {
    const response = await fetch(`${server.url}/api/atome/list?access_token=${tokenOf('reader')}`);
    expect(response.status).toBe(401);
  });

  it('lets a reader subscribe and not write', async () => {
    const socket = await opened(tokenOf('reader'));
    socket.send({ type: 'subscribe', since: 0 });
    expect(await socket.next('subscribed')).toMatchObject({ from: 0 });
    socket.send(write('op'));
    expect(await socket.next('nack')).toMatchObject({ opId: 'op', error: { code: 'forbidden', status: 403 } });
  });

  it('is closed with 4401 when its token expires, and hears nothing more', async () => {
    const socket = await opened(shortly('reader', 3_000));
    socket.send({ type: 'subscribe', since: 0 });
    await writer.create();
    await socket.next('events', ({ to }) => to === 1);
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'the token has expired' });
  });

  it('can write nothing more after that, even if it leaves the close unanswered', async () => {
    const raw = await RawSocket.open(server.wsUrl);
    raw.send(upgradeRequest(new URL(server.wsUrl).pathname, bearer(shortly('writer', 3_000))));
    while (!raw.text.includes('expired')) await once(raw.socket, 'data');
    for (const opId of ['1', '2', '3']) raw.send(frame(0x81, JSON.stringify(write(opId))));
    await raw.ended();
    expect((await writer.get('/api/server-info')).body.seq).toBe(0);
  });

  it('is sent no more of a replay that lasts longer than its token', async () => {
    const text = 'x'.repeat(900_000);
    for (let i = 0; i < 24; i += 1) await writer.create({ text });
    const token = shortly('reader', 4_000);
    const [slow, other] = [await opened(token), await opened(token)];
    slow.send({ type: 'subscribe', since: 0 });
    await slow.next('subscribed');
    slow.ws.pause();
    await other.closed();
    slow.ws.resume();
    await slow.closed();
    expect(slow.all('events').length).toBeLessThan(24);
    expect(slow.all('sync:live')).toEqual([]);
  });

  it('lives on with a newer token of the same principal', async () => {
    const [renewed, other] = [await opened(shortly('writer', 3_000)), await opened(shortly('writer', 3_000))];
    const exp = inSeconds(600);
    renewed.send({ type: 'auth', token: tokenOf('writer', { exp }) });
    expect(await renewed.next('auth:success')).toMatchObject({ expiresAt: new Date(exp * 1_000).toISOString() });
    expect(await other.closed()).toMatchObject({ code: 4401 });
    renewed.send(write('op'));
    expect(await renewed.next('ack')).toMatchObject({ seq: 1 });
  });

  it('keeps its place in the feed when its token is renewed', async () => {
    const socket = await opened(tokenOf('reader'));
    socket.send({ type: 'subscribe', since: 0 });
    await socket.next('sync:live');
    await writer.create();
    socket.send({ type: 'auth', token: tokenOf('reader') });
    await writer.create();
    await socket.next('events', ({ to }) => to === 2);
    const seqs = socket.all('events').flatMap(({ events }) => events.map(({ seq }) => seq));
    expect(seqs).toEqual([1, 2]);
    expect(socket.all('atome:created')).toEqual([]);
  });

  it.each([
    ['another principal', { sub: 'mallory' }],
    ['another tenant', { tenant: 'other' }],
    ['one without a role', { roles: [] }],
  ])('is closed with 4403 on a token of %s', async (_whose, claims) => {
    const socket = await opened(tokenOf('writer'));
    socket.send({ type: 'auth', token: tokenOf('writer', claims) });
    socket.send(write('op'));
    expect(await socket.next('error')).toMatchObject({ code: 'forbidden' });
    expect(await socket.closed()).toMatchObject({ code: 4403 });
    expect((await writer.get('/api/server-info')).body.seq).toBe(0);
  });

  it('may do what its newest token says, and no more', async () => {
    const socket = await opened(tokenOf('writer'));
    socket.send(write('1'));
    socket.send({ type: 'auth', token: tokenOf('writer', { roles: ['reader'] }) });
    socket.send(write('2'));
    socket.send({ type: 'auth', token: tokenOf('writer') });
    socket.send(write('3'));
    await socket.next('ack', ({ opId }) => opId === '3');
    expect(socket.all('ack').map(({ opId }) => opId)).toEqual(['1', '3']);
    expect(socket.all('nack')).toMatchObject([{ opId: '2', error: { code: 'forbidden' } }]);
  });

  it('may send many tokens at once: the last one holds', async () => {
    const socket = await server.connect();
    for (let i = 0; i < 50; i += 1) {
      socket.send({ type: 'auth', token: tokenOf('writer', { roles: [i % 2 ? 'writer' : 'reader'] }) });
    }
    socket.send(write('op'));
    expect(await socket.answer()).toMatchObject({ type: 'ack' });
    expect(socket.all('auth:success')).toHaveLength(50);
  });

  it('may be gone before its token is checked', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
    for (const socket of sockets) {
      socket.send({ type: 'auth', token: tokenOf('reader') });
      socket.ws.terminate();
    }
    await Promise.all(sockets.map((socket) => socket.closed()));
    await opened(tokenOf('reader'));
    // the server hears of each end a moment after its client
    const connected = async (): Promise<unknown> => (await writer.get('/api/server-info')).body.connectedClients;
    while ((await connected()) !== 1);
  });
});
