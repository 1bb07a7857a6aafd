import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Drain } from '../../src/http/drain.js';
import { DEFAULT_LIMITS, PROTOCOL_VERSION } from '../../src/protocol/index.js';
import { startApp, type TestApp } from '../support/server/app.js';

describe('the server', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
  });
  afterAll(() => server.close());

  it('tells about itself', async () => {
    const { status, body } = await server.api.get('/api/server-info');
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      name: 'atome-sync',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      protocol: PROTOCOL_VERSION,
      wsPath: '/ws/atome-sync',
      authRequired: false,
      accounts: false,
      epoch: expect.stringMatching(/^[0-9a-f-]{36}$/),
      seq: 0,
      rights: expect.stringMatching(/^[0-9a-f]{16}$/),
      connectedClients: 0,
      serverTime: expect.any(String),
      limits: DEFAULT_LIMITS,
    });
  });

  it('counts its clients', async () => {
    const socket = await server.connect();
    await socket.next('welcome');
    expect((await server.api.get('/api/server-info')).body.connectedClients).toBe(1);
  });

  it.each(['/health', '/health/live', '/health/ready'])('is well: %s', async (path) => {
    const { status, body, headers } = await server.api.get(path);
    expect([status, body.status]).toEqual([200, 'ok']);
    expect(headers.get('cache-control')).toContain('no-cache');
  });

  it('is not to be sent requests while it goes down', async () => {
    const other = await startApp();
    other.app.get(Drain).begin();
    for (const path of ['/health', '/health/ready']) {
      expect(await other.api.get(path)).toMatchObject({ status: 503, body: { error: { server: { status: 'down' } } } });
    }
    expect(await other.api.get('/health/live')).toMatchObject({ status: 200 });
    await other.close();
  });

  it('says goodbye to its sockets: goaway, then 1012', async () => {
    const other = await startApp();
    const sockets = await Promise.all([other.connect(), other.connect()]);
    for (const socket of sockets) await socket.next('welcome');
    const closing = other.app.close();
    for (const socket of sockets) {
      expect(await socket.next('goaway')).toEqual({ type: 'goaway', retryAfter: expect.any(Number) });
      expect(await socket.closed()).toMatchObject({ code: 1012 });
    }
    await closing;
  });

  it('acknowledges what it has accepted before it goes', async () => {
    const other = await startApp();
    const socket = await other.connect();
    await socket.next('welcome');
    for (let n = 0; n < 20; n += 1) {
      socket.send({ type: 'mutate', opId: `op-${n}`, operation: 'create', kind: 'note', data: { n } });
    }
    await socket.next('ack');
    await other.app.close();
    const { code } = await socket.closed();
    const answered = [...socket.all('ack'), ...socket.all('nack')].map(({ opId }) => opId);
    expect([code, answered.length, new Set(answered).size]).toEqual([1012, 20, 20]);
  });

  it('shows its documentation, and its page', async () => {
    const docs = await server.api.get('/api/docs');
    expect([docs.status, docs.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const openapi = await server.api.get('/api/openapi.json');
    expect(openapi).toMatchObject({ status: 200, body: { openapi: expect.stringMatching(/^3\./) } });
    expect((await server.api.get('/')).headers.get('content-type')).toContain('text/html');
  });

  it.each([
    ['GET', '/nowhere', 404, 'not_found'],
    ['GET', '/api', 404, 'not_found'],
    ['GET', '/api/nowhere?x=%3Cb%3E', 404, 'not_found'],
    ['GET', '/api/atome', 404, 'not_found'],
    ['POST', '/api/atome/a1/explode', 404, 'not_found'],
    ['GET', '/api/atome/a1/', 404, 'not_found'],
    ['GET', '/api/atome/nobody', 404, 'not_found'],
    ['PUT', '/api/sync/push', 405, 'method_not_allowed'],
    ['POST', '/api/atome/a1', 405, 'method_not_allowed'],
    ['DELETE', '/api/atome/a1/history', 405, 'method_not_allowed'],
    ['GET', '/ws/atome-sync', 426, 'invalid'],
    ['POST', '/health', 405, 'method_not_allowed'],
  ])('refuses %s %s with %i and every member of a problem', async (method, path, status, code) => {
    const answer = await server.api.call(method, path, undefined);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    const { detail } = answer.body;
    expect(answer.body).toMatchObject({
      type: `urn:atome-sync:error:${code}`,
      title: expect.any(String),
      status,
      detail: expect.stringMatching(/\w+ \w+/),
      instance: path.split('?')[0],
      success: false,
      error: detail,
      code,
      retryable: false,
    });
  });

  it('says which methods are possible', async () => {
    const { headers } = await server.api.post('/api/atome/a1', {});
    expect(headers.get('allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'PUT']);
  });

  it('names every bad field of a body', async () => {
    const { status, body } = await server.api.post('/api/atome/create', { kind: 7, data: [], colour: 'red' });
    expect([status, body.code]).toEqual([400, 'invalid']);
    expect(body.errors).toEqual([
      { path: 'kind', message: expect.any(String) },
      { path: 'data', message: expect.any(String) },
      { path: 'colour', message: expect.any(String) },
    ]);
  });

  it('closes at once, also with a connection that is kept alive', async () => {
    const other = await startApp();
    await other.api.get('/health');
    const closed = once(other.app.getHttpServer(), 'close');
    await Promise.all([other.app.close(), closed]);
    await expect(other.api.get('/health')).rejects.toThrow();
  });
});
