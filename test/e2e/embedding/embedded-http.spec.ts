import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Body, Controller, Get, Module, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AtomeModule, AtomeWsAdapter } from '../../../src/index.js';
import { Api } from '../../support/clients/api.js';

@Controller('shop')
class ShopController {
  @Get()
  open() {
    return { open: true };
  }

  @Post()
  order(@Body() body: unknown) {
    return { body };
  }
}

@Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:' })], controllers: [ShopController] })
class HostModule {}

describe('HTTP in an application that imports the module', () => {
  let app: NestFastifyApplication;
  let api: Api;
  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), {
      logger: false,
      forceCloseConnections: true,
    });
    app.setGlobalPrefix('v1');
    app.useGlobalPipes(new ValidationPipe({ transform: true }));
    app.useWebSocketAdapter(new AtomeWsAdapter(app));
    await app.listen(0, '127.0.0.1');
    api = new Api(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
    await api.post('/v1/atome/create', { id: 'a1', kind: 'note', data: { n: 1 } });
  });
  afterAll(() => app.close());

  it('tells the methods of the routes of the module', async () => {
    const options = await api.call('OPTIONS', '/v1/atome/a1', undefined);
    expect([options.status, options.headers.get('allow')?.split(', ').sort()]).toEqual([
      204,
      ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'PUT'],
    ]);
    expect(options.headers.get('accept-patch')).toContain('application/json-patch+json');
    expect(await api.post('/v1/atome/a1', {})).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  });

  it('leaves the routes of the host as they are', async () => {
    expect(await api.get('/v1/shop')).toMatchObject({ status: 200, body: { open: true } });
    for (const [method, path] of [
      ['OPTIONS', '/v1/shop'],
      ['PUT', '/v1/shop'],
      ['OPTIONS', '/elsewhere'],
    ] as const) {
      const answer = await api.call(method, path, undefined);
      expect([answer.status, answer.headers.get('allow')]).toEqual([404, null]);
    }
    const text = await api.post('/v1/shop', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(text.status).toBe(201);
  });

  it.each([
    { 'content-encoding': 'gzip' },
    { 'content-type': 'text/csv' },
    { 'content-type': 'application/json;charset=latin1' },
  ])('refuses content that the module does not read: %j', async (headers) => {
    const answer = await api.call('POST', '/v1/atome/create', gzipSync('{}'), {
      'x-client-id': 'a',
      ...headers,
    } as never);
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type', success: false } });
    expect(answer.headers.get('accept-post') ?? answer.headers.get('accept-encoding') ?? 'charset').toBeTruthy();
  });

  it.each([
    ['POST', 'atome/create', 'application/json', '{"id":"big","kind":"note","data":{"n":9007199254740993}}'],
    ['PUT', 'atome/a1', 'application/json; charset=utf-8', '{"data":{"n":9007199254740993}}'],
    ['PATCH', 'atome/a1', 'application/json', '{"n":9007199254740993}'],
    ['PATCH', 'atome/a1', 'application/merge-patch+json', '{"n":9007199254740993}'],
    ['POST', 'atome/create', 'application/json', '{"id":'],
    ['POST', 'atome/create', 'APPLICATION/JSON', Buffer.from('{"id":"\xff"}', 'latin1')],
  ])('reads bodies with its own decoder: %s %s %s %s', async (method, path, type, body) => {
    const answer = await api.call(method, `/v1/${path}`, body, { 'content-type': type });
    expect(answer).toMatchObject({ status: 400, body: { success: false, type: expect.stringContaining('urn:') } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await api.get('/v1/atome/a1')).toMatchObject({ body: { atome: { version: 1 } } });
    expect(await api.get('/v1/atome/big')).toMatchObject({ status: 404 });
  });

  it('refuses a number in a push that it cannot keep', async () => {
    const pushed = await api.post(
      '/v1/sync/push',
      '{"operations":[{"opId":"o1","operation":"create","atomeId":"big","kind":"note","data":{"n":9007199254740993}}]}',
    );
    expect(pushed).toMatchObject({ status: 200, body: { results: [{ type: 'nack' }] } });
  });

  it('takes an empty body of a JSON type for none', async () => {
    await api.post('/v1/atome/create', { id: 'gone', kind: 'note', data: {} });
    expect(await api.call('DELETE', '/v1/atome/gone', '')).toMatchObject({ status: 200, body: { success: true } });
  });

  it('refuses a body that is too large, whether or not it says so', async () => {
    const bytes = Buffer.from(JSON.stringify({ id: 'large', kind: 'note', data: { text: 'x'.repeat(1_100_000) } }));
    const headers = { 'content-type': 'application/json', connection: 'close' };
    const said = await api.call('POST', '/v1/atome/create', bytes, headers);
    expect(said).toMatchObject({ status: 413, body: { code: 'too_large', success: false } });
    const response = await fetch(`${api.url}/v1/atome/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([bytes]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect([response.status, await response.json()]).toMatchObject([413, { code: 'too_large' }]);
  });

  it('leaves the routes of the host their parser and its errors', async () => {
    expect(await api.post('/v1/shop', '{"n":9007199254740993}')).toMatchObject({
      status: 201,
      body: { body: { n: 9007199254740992 } },
    });
    const broken = await api.post('/v1/shop', '{');
    expect(broken).toMatchObject({ status: 400, body: { statusCode: 400, message: expect.any(String) } });
    expect(broken.body).not.toHaveProperty('success');
  });

  it('answers HEAD of a stream, and queries behind a pipe of the host', async () => {
    const head = await fetch(`${api.url}/v1/sync/changes`, {
      method: 'HEAD',
      headers: { accept: 'text/event-stream' },
    });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    for (const path of [
      'atome/list?limit=5&kind=note',
      'atome/a1?version=1',
      'sync/changes?since=0&kinds=note,task',
      'audit?limit=1',
    ]) {
      expect({ path, status: (await api.get(`/v1/${path}`)).status }).toEqual({ path, status: 200 });
    }
  });
});
