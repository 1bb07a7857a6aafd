import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AtomeModule, AtomeWsAdapter } from '../../../src/index.js';
import { tokenOf, WITH_TOKENS } from '../../support/server/tokens.js';
import { WITH_ACCOUNTS } from '../../support/server/accounts.js';
import { Api, bearer, type Answer } from '../../support/clients/api.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { routesOf } from '../../support/server/routes.js';

/** The one call whose answer may be kept by its reader's own cache. */
const REVALIDATED = 'GET /atome/:id';
/** Where another representation is sent for another Accept. */
const NEGOTIATED = ['GET /sync/changes', 'GET /audit'];

const listed = (value: string | null): string[] => (value ?? '').split(',').map((each) => each.trim());

describe('every route', () => {
  let server: TestApp;
  let admin: Api;
  beforeAll(async () => {
    server = await startApp(WITH_ACCOUNTS);
    admin = server.api.as(tokenOf('admin'));
  });
  afterAll(() => server.close());

  it('says of its answer, good or not, who may keep it', async () => {
    const routes = routesOf(server.app).filter(({ name }) => name !== 'GET /user-data/export');
    expect(routes.length).toBeGreaterThan(25);
    for (const { name, rule } of routes) {
      await admin.create({}, { id: randomUUID() });
      const [method, path] = name.split(' ') as [string, string];
      const { id } = await admin.create();
      const address = `${rule ? '/api' : ''}${path.replace(':id', String(id))}`;
      for (const api of [admin, server.api]) {
        const { status, headers } = await api.call(method, address, undefined);
        const isKept = name === REVALIDATED && status === 200;
        const cached = listed(headers.get('cache-control'));
        expect({ name, status, cached }).toEqual({
          name,
          status,
          cached: isKept ? ['private', 'no-cache'] : expect.arrayContaining(['no-store']),
        });
        if (rule === undefined) continue;
        const vary = listed(headers.get('vary'));
        expect({ name, vary }).toEqual({ name, vary: expect.arrayContaining(['Authorization']) });
        if (status === 200 && NEGOTIATED.includes(name)) expect(vary).toContain('Accept');
      }
    }
  });

  it('says it of streams, which have no end', async () => {
    const { id } = await admin.create();
    for (const accept of ['text/event-stream', 'application/json']) {
      const abort = new AbortController();
      const { headers } = await fetch(`${server.url}/api/sync/changes?since=0`, {
        headers: { ...bearer(tokenOf('admin')), accept },
        signal: abort.signal,
      });
      expect(headers.get('cache-control')).toMatch(/^no-store/);
      expect(listed(headers.get('vary'))).toEqual(expect.arrayContaining(['Authorization', 'Accept']));
      abort.abort();
    }
    const lines = await admin.get('/api/user-data/export');
    expect([lines.headers.get('cache-control'), lines.text.includes(String(id))]).toEqual(['no-store', true]);
  });
});

describe('a problem', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp({ RATE_LIMIT: '1', ALLOWED_ORIGINS: 'https://app.example' });
  });
  afterAll(() => server.close());

  it('is never kept, wherever it comes from', async () => {
    const asked: [status: number, answer: () => Promise<Answer>][] = [
      [429, () => server.api.get('/api/atome/nobody')],
      [403, () => server.api.get('/api/atome/nobody', { origin: 'https://evil.example' })],
      [404, () => server.api.get('/nothing')],
      [405, () => server.api.delete('/api/docs')],
      [400, () => server.api.get('/api/atome/%zz')],
      [400, () => server.api.post('/api/atome/create', '{')],
      [415, () => server.api.post('/api/atome/create', '<a/>', { 'content-type': 'application/xml' })],
    ];
    await server.api.get('/api/atome/nobody');
    for (const [, answer] of asked) {
      const { status, headers } = await answer();
      expect({ status, cached: headers.get('cache-control') }).toEqual({ status, cached: 'no-store' });
    }
  });

  it('names Origin, too, where an allowed page is answered otherwise', async () => {
    const { headers } = await server.api.get('/api/atome/nobody', { origin: 'https://app.example' });
    expect(listed(headers.get('vary'))).toEqual(expect.arrayContaining(['Origin', 'Authorization']));
  });
});

it('leaves the documentation and the pages to themselves', async () => {
  const server = await startApp();
  for (const path of ['/', '/api/docs', '/api/openapi.json']) {
    const { status, headers } = await server.api.get(path);
    expect([status, headers.get('cache-control')]).not.toEqual([200, 'no-store']);
  }
  await server.close();
});

@Controller('own')
class OwnController {
  @Get()
  own() {
    return { mine: true };
  }
}

@Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:' })], controllers: [OwnController] })
class HostModule {}

describe('in an application with a prefix', () => {
  let app: NestFastifyApplication;
  let url: string;
  let api: Api;
  beforeAll(async () => {
    const adapter = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true } });
    app = await NestFactory.create<NestFastifyApplication>(HostModule, adapter, { logger: ['error'] });
    app.setGlobalPrefix('deep/v1');
    app.useWebSocketAdapter(new AtomeWsAdapter(app));
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    api = new Api(url);
  });
  afterAll(() => app.close());

  it('routes of its own are left alone, and ours are not', async () => {
    const own = await api.get('/deep/v1/own');
    expect([own.status, own.headers.get('cache-control'), own.headers.get('vary')]).toEqual([200, null, null]);
    const ours = await api.get('/deep/v1/atome/list');
    expect([ours.headers.get('cache-control'), ours.headers.get('vary')]).toEqual(['no-store', 'Authorization']);
  });

  it.each(['plain', 'a:b', 'http://x'.replaceAll('/', '_'), '..a', undefined])(
    'a new atome is where Location leads to: %s',
    async (id) => {
      for (const path of ['/deep/v1/atome/create', '/deep/v1/atome/create?', '/deep/v1/atome/create/']) {
        const body = { ...(id !== undefined && { id }), kind: 'note', data: { n: 1 } };
        const created = await api.post(path, body);
        expect(created.status).toBe(201);
        const found = new URL(created.headers.get('location')!, url + path);
        expect((await api.get(found.pathname)).body).toMatchObject({ atome: { id: created.body.id } });
        // behind a proxy that takes the application to another path
        const outside = new URL(created.headers.get('location')!, `https://proxy.example/apps/notes${path}`);
        expect(outside.pathname).toBe(`/apps/notes${found.pathname}`);
      }
    },
  );
});

describe('Location of the server', () => {
  it('leads to the new atome, and pages elsewhere may read it', async () => {
    const server = await startApp({ ...WITH_TOKENS, ALLOWED_ORIGINS: 'https://app.example' });
    const api = server.api.as(tokenOf('writer'));
    const body = { id: 'a:b', kind: 'note', data: {} };
    const { headers } = await api.post('/api/atome/create', body, { origin: 'https://app.example' });
    const found = new URL(headers.get('location')!, `${server.url}/api/atome/create`);
    expect(found.pathname).toBe('/api/atome/a:b');
    expect((await api.get(found.pathname)).status).toBe(200);
    expect(headers.get('access-control-expose-headers')).toContain('Location');
    await server.close();
  });
});
