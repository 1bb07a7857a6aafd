import { once } from 'node:events';
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { text } from 'node:stream/consumers';
import { Module, RequestTimeoutException, type MiddlewareConsumer, type NestInterceptor } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from '@jest/globals';
import { catchError, NEVER, throwError, timeout } from 'rxjs';
import { AtomeModule, AtomeWsAdapter, type AtomeOptions, type Principal } from '../../../src/index.js';
import { Api } from '../../support/clients/api.js';

/* What applications set at Fastify and around it, each by itself. */

let app: NestFastifyApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

interface Host {
  readonly adapter?: FastifyAdapter;
  readonly options?: AtomeOptions;
  readonly middleware?: (consumer: MiddlewareConsumer) => unknown;
  readonly setUp?: (app: NestFastifyApplication) => unknown;
}

async function start({ adapter = new FastifyAdapter(), options, middleware, setUp }: Host): Promise<Api> {
  @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', ...options })] })
  class HostModule {
    configure(consumer: MiddlewareConsumer): void {
      middleware?.(consumer);
    }
  }
  app = await NestFactory.create<NestFastifyApplication>(HostModule, adapter, { logger: false });
  app.useWebSocketAdapter(new AtomeWsAdapter(app));
  setUp?.(app);
  await app.listen(0, '127.0.0.1');
  return new Api(await app.getUrl());
}

const note = (chars: number): object => ({ kind: 'note', data: { text: 'x'.repeat(chars) } });

describe('bodies are as long as the module allows', () => {
  it.each([
    ['less', { bodyLimit: 100 }, {}, 500_000, 201],
    ['less', { bodyLimit: 100 }, {}, 2_000_000, 413],
    ['more', { bodyLimit: 10_000_000 }, {}, 2_000_000, 413],
    ['as much as Fastify does', {}, { limits: { messageBytes: 4_000_000 } }, 2_000_000, 201],
  ])('where the application allows %s: %j, %j, %i characters', async (_what, settings, options, chars, status) => {
    const api = await start({ adapter: new FastifyAdapter(settings), options });
    expect((await api.post('/atome/create', note(chars))).status).toBe(status);
  });
});

describe('queries are read as ever', () => {
  const nested = (query: string): Record<string, unknown> => (query === '' ? {} : { filter: { all: query } });

  it('whatever the parser of the application makes of them', async () => {
    const api = await start({ adapter: new FastifyAdapter({ routerOptions: { querystringParser: nested } }) });
    await api.post('/atome/create', { id: 'a', kind: 'note', data: { n: 1, s: 'a b' } });
    await api.post('/atome/create', { id: 'b', kind: 'note', data: { n: 2 } });
    const ids = async (query: string) => (await api.get(`/atome/list?${query}`)).body.data;
    expect(await ids('where[data.n]=2&fields=id')).toEqual([{ id: 'b' }]);
    expect(await ids('where%5Bdata.s%5D=a+b&fields=id')).toEqual([{ id: 'a' }]);
    expect(await ids('limit=1&sortBy=id&sortOrder=asc&fields=id')).toEqual([{ id: 'a' }]);
    expect((await api.get('/atome/list?limit=1&limit=2')).status).toBe(400);
    expect((await api.get('/atome/a?version=1')).body).toMatchObject({ atome: { version: 1 } });
  });
});

describe('an interceptor that waits no longer', () => {
  const impatient: NestInterceptor = {
    intercept: (_context, next) => next.handle().pipe(catchError((error: unknown) => throwError(() => error))),
  };
  const late: NestInterceptor = {
    intercept: () =>
      NEVER.pipe(
        timeout(1),
        catchError(() => throwError(() => new RequestTimeoutException())),
      ),
  };

  it('is a problem after which the same may be sent again, not one for good', async () => {
    const api = await start({ setUp: (host) => host.useGlobalInterceptors(impatient, late) });
    const { status, body } = await api.post('/atome/create', note(1));
    expect([status, body.code, body.retryable]).toEqual([503, 'unavailable', true]);
  });
});

describe('an application on HTTP/2', () => {
  let session: ClientHttp2Session | undefined;
  afterEach(() => session?.destroy());

  function ask(headers: Record<string, string>, body?: object): ClientHttp2Stream {
    const stream = session!.request(headers);
    stream.end(body && JSON.stringify(body));
    return stream;
  }
  async function answer(stream: ClientHttp2Stream): Promise<[status: unknown, body: string]> {
    const [{ ':status': status }] = (await once(stream, 'response')) as [Record<string, unknown>];
    return [status, await text(stream)];
  }

  it('has calls and streams, by the name that it is asked under', async () => {
    const { url } = await start({ adapter: new FastifyAdapter({ http2: true } as object) });
    session = connect(url);
    const json = { ':method': 'POST', ':path': '/atome/create', 'content-type': 'application/json' };
    expect(await answer(ask(json, { id: 'a', kind: 'note', data: {} }))).toEqual([201, expect.any(String)]);
    expect(await answer(ask(json, {}))).toEqual([400, expect.stringContaining('urn:atome-sync:error:invalid')]);
    expect(await answer(ask({ ':path': '/sync/snapshot' }))).toEqual([200, expect.stringContaining('"id":"a"')]);
    expect(await answer(ask({ ':path': '/atome/a', ':authority': 'evil.example' }))).toEqual([403, expect.anything()]);
    const stream = ask({ ':path': '/sync/changes?since=0', accept: 'text/event-stream' });
    let events = '';
    for await (const part of stream.setEncoding('utf8')) {
      events += String(part);
      if (events.includes('sync:live')) break;
    }
    expect(events).toContain('"type":"atome:created"');
  });
});

describe('who calls, where the application knows it before our hook', () => {
  type Known = FastifyRequest['raw'] & { user?: Principal };
  const userOf = ({ headers }: FastifyRequest['raw']): Principal | undefined =>
    headers['x-user'] === undefined ? undefined : { id: String(headers['x-user']), tenant: 'acme', roles: ['writer'] };
  const authenticate = (request: FastifyRequest['raw']): Principal | undefined => (request as Known).user;

  it.each<[string, Omit<Host, 'options'>]>([
    [
      'a middleware',
      {
        middleware: (consumer) =>
          consumer
            .apply((request: Known, _response: unknown, next: () => void) => {
              request.user = userOf(request)!;
              next();
            })
            .forRoutes('{*all}'),
      },
    ],
    [
      'a hook of Fastify',
      {
        setUp: (host) =>
          host
            .getHttpAdapter()
            .getInstance()
            .addHook('onRequest', ({ raw }, _reply, done) => {
              (raw as Known).user = userOf(raw)!;
              done();
            }),
      },
    ],
  ])('is who %s says it is', async (_what, host) => {
    const api = await start({ ...host, options: { authenticate } });
    const created = await api.post('/atome/create', note(1), { 'x-user': 'ann' });
    expect(created).toMatchObject({ status: 201, body: { atome: { ownerId: 'ann' } } });
    expect((await api.get('/atome/list')).status).toBe(401);
  });
});
