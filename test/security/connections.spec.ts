import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventStream } from '../support/clients/event-stream.js';
import type { TestSocket } from '../support/clients/socket.js';

const CHANGES = '/api/sync/changes';
const of = (sub: string): { authorization: string } => bearer(tokenOf('reader', { sub }));

describe('the number of connections', () => {
  let server: TestApp;
  afterEach(() => server.close());

  async function opened(headers: Record<string, string> = {}): Promise<TestSocket> {
    const socket = await server.connect(headers);
    await socket.next('welcome');
    return socket;
  }

  /** The answer to a handshake that is refused. */
  async function refusal(headers: Record<string, string> = {}): Promise<{ status: number; retryAfter: number }> {
    const ws = new WebSocket(server.wsUrl, { headers });
    ws.on('error', () => undefined);
    const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage];
    ws.terminate();
    return { status: response.statusCode!, retryAfter: Number(response.headers['retry-after']) };
  }

  it('is bounded for each principal: 4429 on the socket, 429 on a stream', async () => {
    server = await startApp({ ...WITH_TOKENS, MAX_CONNECTIONS_PER_PRINCIPAL: '2' });
    const first = await opened(of('alice'));
    const stream = await EventStream.open(`${server.url}${CHANGES}`, of('alice'));
    await stream.next();

    const byHeader = await server.connect(of('alice'));
    expect(await byHeader.next('error')).toMatchObject({ code: 'rate_limited' });
    expect(await byHeader.closed()).toMatchObject({ code: 4429 });
    const byMessage = await opened();
    byMessage.send({ type: 'auth', token: tokenOf('reader', { sub: 'alice' }) });
    expect(await byMessage.closed()).toMatchObject({ code: 4429 });
    const { status, body, headers } = await server.api.get(`${CHANGES}?wait=5`, of('alice'));
    expect({ status, code: body.code }).toEqual({ status: 429, code: 'rate_limited' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);

    await opened(of('bob'));
    first.send({ type: 'auth', token: tokenOf('reader', { sub: 'alice' }) });
    await first.next('auth:success');
    await first.close();
    await opened(of('alice'));
  });

  it('is bounded for each address', async () => {
    server = await startApp({ ...WITH_TOKENS, MAX_CONNECTIONS_PER_ADDRESS: '2', TRUST_PROXY: '1' });
    const from = (address: string) => ({ ...of('alice'), 'x-forwarded-for': address });
    const [first] = [await opened(from('203.0.113.1')), await opened(from('10.0.0.1, 203.0.113.1'))];
    expect(await refusal(from('203.0.113.1'))).toEqual({ status: 429, retryAfter: 5 });
    expect(await server.api.get(CHANGES, from('203.0.113.1'))).toMatchObject({ status: 429 });
    await opened(from('203.0.113.2'));
    await first.close();
    await opened(from('203.0.113.1'));
  });

  it('is not used up by strangers at the address of those who say who they are, by header, message or stream', async () => {
    server = await startApp({ ...WITH_TOKENS, MAX_CONNECTIONS_PER_ADDRESS: '3' });
    const strangers = [await opened(), await opened(), await opened()];
    await opened(of('alice'));
    const stream = await EventStream.open(`${server.url}${CHANGES}`, of('bob'));
    const late = await opened();
    late.send({ type: 'auth', token: tokenOf('reader', { sub: 'carol' }) });
    await late.next('auth:success');
    for (const stranger of strangers) expect(await stranger.closed()).toMatchObject({ code: 1008 });
    expect(await refusal(of('dave'))).toEqual({ status: 429, retryAfter: 5 });
    expect(await refusal()).toMatchObject({ status: 429 });
    stream.close();
  });

  it('is bounded in all', async () => {
    server = await startApp({ MAX_CONNECTIONS: '2' });
    const [first] = [await opened(), await opened()];
    expect(await refusal()).toEqual({ status: 503, retryAfter: 5 });
    expect(await server.api.get(CHANGES)).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    await first.close();
    await opened();
  });

  it('is bounded for strangers, who keep nobody out that says who it is', async () => {
    server = await startApp({ ...WITH_TOKENS, MAX_UNAUTHENTICATED: '3' });
    const known = await opened(of('alice'));
    const flood = [];
    for (let i = 0; i < 10; i += 1) flood.push(await opened());
    for (const socket of flood.slice(0, 7)) expect(await socket.closed()).toMatchObject({ code: 1008 });
    const late = await opened();
    late.send({ type: 'auth', token: tokenOf('writer') });
    await late.next('auth:success');
    for (let i = 0; i < 5; i += 1) await opened();
    for (const socket of [known, late]) {
      socket.send({ type: 'ping' });
      await socket.next('pong');
    }
  });
});
