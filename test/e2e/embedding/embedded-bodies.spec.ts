import { once } from 'node:events';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AtomeModule, AtomeWsAdapter } from '../../../src/index.js';
import { PASSWORD } from '../../support/server/accounts.js';
import { Api } from '../../support/clients/api.js';
import { RawSocket } from '../../support/clients/raw-socket.js';
import { SECRET, tokenOf } from '../../support/server/tokens.js';

@Controller('shop')
class ShopController {
  @Post()
  order(@Body() body: unknown) {
    return { body };
  }
}

const jwt = { keys: { secret: SECRET }, tenantClaim: 'tenant', rolesClaim: 'roles' };

@Module({
  imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', jwt, accounts: {} })],
  controllers: [ShopController],
})
class HostModule {}

/* The host looks at the type of every request before the module does, which Fastify then remembers. */
describe('bodies in an application whose hooks look at them first', () => {
  let app: NestFastifyApplication;
  let api: Api;
  let url: string;
  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), {
      logger: false,
      forceCloseConnections: true,
    });
    const seen: unknown[] = [];
    const fastify = app.getHttpAdapter().getInstance();
    fastify.addHook('onRequest', (request, _reply, done) => {
      seen.push(request.mediaType);
      done();
    });
    app.setGlobalPrefix('v1');
    app.useWebSocketAdapter(new AtomeWsAdapter(app));
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    api = new Api(url).as(tokenOf('admin'));
    await api.post('/v1/atome/create', { id: 'a1', kind: 'note', data: {} });
  });
  afterAll(() => app.close());

  it.each([
    ['POST', 'atome/create', 'application/json', '{"id":"big","kind":"note","data":{"n":9007199254740993}}'],
    ['PUT', 'atome/a1', 'application/json; charset=utf-8', '{"data":{"n":9007199254740993}}'],
    ['PATCH', 'atome/a1', 'application/merge-patch+json', '{"n":9007199254740993}'],
    ['PATCH', 'atome/a1', 'application/json', '{"n":'],
  ])('are read by the decoder of the module: %s %s %s', async (method, path, type, body) => {
    const answer = await api.call(method, `/v1/${path}`, body, { 'content-type': type });
    expect(answer).toMatchObject({ status: 400, body: { success: false, type: expect.stringContaining('urn:') } });
  });

  it('are written as they were sent', async () => {
    const patched = await api.patch(
      '/v1/atome/a1',
      [{ op: 'add', path: '/n', value: 1 }],
      'application/json-patch+json',
    );
    expect(patched).toMatchObject({ status: 200, body: { atome: { data: { n: 1 } } } });
  });

  it('of the host are its own', async () => {
    expect(await api.post('/v1/shop', '{"n":9007199254740993}')).toMatchObject({
      body: { body: { n: 9007199254740992 } },
    });
  });

  it.each(['', '{}'])('may be empty where nothing is needed: %j', async (body) => {
    const register = await new Api(url).post('/v1/auth/register', {
      identifier: `user-${body.length}`,
      password: PASSWORD,
    });
    const account = new Api(url).as(String(register.body.accessToken));
    const ticket = await account.call('POST', '/v1/auth/ticket', body);
    expect(ticket).toMatchObject({ status: 200, body: { ticket: expect.any(String) } });
    await api.post('/v1/atome/create', { id: `gone-${body.length}`, kind: 'note', data: {} });
    expect(await api.call('POST', `/v1/atome/gone-${body.length}/erase`, body)).toMatchObject({ status: 200 });
    expect(await account.call('POST', '/v1/auth/logout', body)).toMatchObject({ status: 200 });
    expect(await account.call('POST', '/v1/auth/ticket', body)).toMatchObject({ status: 401 });
  });

  const head = (more: string): string =>
    `POST /v1/atome/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokenOf('admin')}\r\nContent-Type: application/json\r\n${more}\r\n\r\n`;

  it.each([
    ['Content-Length: 100', '{"kind":"note",'],
    ['Transfer-Encoding: chunked', '5\r\n{"kin\r\n'],
  ])('that break off write nothing and end nothing: %s', async (length, part) => {
    const before = (await api.get('/v1/atome/list')).body.total;
    const raw = await RawSocket.open(url);
    raw.send(head(length) + part);
    raw.socket.end();
    await raw.ended();
    expect((await api.get('/v1/atome/list')).body.total).toBe(before);
  });

  it.each([
    ['chunked', '{"id":"chunks","kind":"note","data":{}}', 201],
    ['chunked', '', 400],
    ['Chunked', '{"id":"chunks-2","kind":"note","data":{}}', 201],
  ])('may come in chunks: Transfer-Encoding: %s', async (coding, body, status) => {
    const raw = await RawSocket.open(url);
    const size = body.length === 0 ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
    raw.send(`${head(`Transfer-Encoding: ${coding}\r\nConnection: close`)}${size}0\r\n\r\n`);
    expect((await raw.ended()).toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it.each(['Host: evil.example\r\nhost: localhost', 'Host: localhost\r\nHost: localhost'])(
    'are not looked at where several hosts are named: %j',
    async (hosts) => {
      const raw = await RawSocket.open(url);
      raw.send(head('Content-Length: 2\r\nConnection: close').replace('Host: localhost', hosts) + '{}');
      const text = (await raw.ended()).toString();
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
      expect(text).toContain('several hosts');
    },
  );

  it('are not looked at where the address names another host', async () => {
    const raw = await RawSocket.open(url);
    const other = head('Content-Length: 2\r\nConnection: close').replace('/v1/', 'http://evil.example/v1/');
    raw.send(`${other}{}`);
    expect((await raw.ended()).toString()).toMatch(/^HTTP\/1\.1 400 .*names another host/s);
  });

  it('of a handshake are none, and two hosts are refused there too', async () => {
    const raw = await RawSocket.open(url);
    raw.send(
      'GET /ws/atome-sync HTTP/1.1\r\nHost: localhost\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    if (raw.text === '') await once(raw.socket, 'data');
    expect(raw.text).toMatch(/^HTTP\/1\.1 400 /);
    raw.socket.destroy();
  });
});
