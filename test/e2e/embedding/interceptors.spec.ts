import {
  ClassSerializerInterceptor,
  Injectable,
  Module,
  Scope,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { map, of, tap, type Observable } from 'rxjs';
import { AtomeModule, AtomeWsAdapter } from '../../../src/index.js';
import { Api, type Answer } from '../../support/clients/api.js';

/** Puts an answer into an envelope, where the request asks for it, and notes what it has got. */
class Envelope implements NestInterceptor {
  readonly seen: unknown[] = [];

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const isAsked = headers['x-envelope'] !== undefined;
    return next.handle().pipe(
      tap((answer) => this.seen.push(answer)),
      map((answer: unknown) => (isAsked ? { data: answer } : answer)),
    );
  }
}

/** Keeps what a GET was answered under its address, as the interceptor of @nestjs/cache-manager does. */
class Cache implements NestInterceptor {
  readonly kept = new Map<string, unknown>();
  hits = 0;

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { method, url, headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (method !== 'GET' || headers['x-cache'] === undefined) return next.handle();
    const kept = this.kept.get(url);
    if (kept !== undefined) {
      this.hits += 1;
      return of(kept);
    }
    return next.handle().pipe(tap((answer) => this.kept.set(url, answer)));
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequestEnvelope extends Envelope {}

interface Host {
  readonly app: NestFastifyApplication;
  readonly api: Api;
}

async function start(providers: object[], ...interceptors: NestInterceptor[]): Promise<Host> {
  @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:' })], providers: providers as never })
  class HostModule {}
  const app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), { logger: false });
  app.useWebSocketAdapter(new AtomeWsAdapter(app));
  app.useGlobalInterceptors(...interceptors);
  await app.listen(0, '127.0.0.1');
  const api = new Api(await app.getUrl());
  for (const id of ['a1', 'a2']) await api.post('/atome/create', { id, kind: 'note', data: { n: 1, deep: [{ id }] } });
  await api.post('/atome/a1/alter', { operation: 'update', changes: { n: 2 } });
  return { app, api };
}

const READS = [
  '/atome/list?limit=1&count=true',
  '/atome/list?search=deep',
  '/atome/a1',
  '/atome/a1?version=1',
  '/atome/a1/history',
  '/sync/changes?since=0',
  '/sync/changes?since=3&wait=1',
  '/audit',
];

const STREAMS: [path: string, accept: string][] = [
  ['/sync/snapshot', '*/*'],
  ['/user-data/export', '*/*'],
  ['/audit', 'application/x-ndjson'],
];

/** What an answer is besides its body, where interceptors have no say. */
const formOf = ({ status, headers }: Answer): unknown => [status, headers.get('content-type'), headers.get('etag')];
const text = async (api: Api, path: string, headers: Record<string, string>): Promise<string> =>
  (await fetch(api.url + path, { headers })).text();

describe.each<[string, () => Promise<Host>]>([
  ['one for all', () => start([], new Envelope())],
  ['provided', () => start([{ provide: APP_INTERCEPTOR, useClass: Envelope }])],
  ['made for each request', () => start([{ provide: APP_INTERCEPTOR, useClass: PerRequestEnvelope }])],
])('an interceptor that wraps answers, %s', (_how, begin) => {
  let host: Host;
  beforeAll(async () => {
    host = await begin();
  });
  afterAll(() => host.app.close());

  it.each(READS)('gets an object from GET %s', async (path) => {
    const { api } = host;
    const bare = await api.get(path);
    expect(bare).toMatchObject({ status: 200, body: { success: true } });
    const wrapped = await api.get(path, { 'x-envelope': '1' });
    expect(wrapped.body).toEqual({ data: bare.body });
    expect(formOf(wrapped)).toEqual(formOf(bare));
  });

  it('gets an object from every write', async () => {
    const { api } = host;
    const asked = { 'x-envelope': '1' };
    const wrapped = { data: { success: true } };
    const post = async (path: string, body: object) => (await api.post(path, body, asked)).body;
    expect(await post('/atome/create', { id: 'w', kind: 'note', data: {} })).toMatchObject(wrapped);
    expect(await post('/atome/w/alter', { operation: 'update', changes: { n: 1 } })).toMatchObject(wrapped);
    expect(await post('/atome/w/rename', { newName: 'x' })).toMatchObject(wrapped);
    expect(await post('/atome/w/share', { access: 'tenant' })).toMatchObject(wrapped);
    expect((await api.put('/atome/w', { data: {} }, asked)).body).toMatchObject(wrapped);
    expect((await api.patch('/atome/w', { n: 2 }, undefined, asked)).body).toMatchObject(wrapped);
    expect((await api.delete('/atome/w', {}, asked)).body).toMatchObject(wrapped);
    expect(await post('/atome/w/restore', { version: 1 })).toMatchObject(wrapped);
    expect(await post('/sync/push', { operations: [{}] })).toMatchObject({ data: { results: [{ type: 'nack' }] } });
    expect((await api.delete('/user-data/delete-all', { confirm: false }, asked)).body).toMatchObject(wrapped);
  });

  it.each(STREAMS)('has no part in lines of JSON: %s', async (path, accept) => {
    const lines = async (headers: Record<string, string>) => (await text(host.api, path, headers)).trim().split('\n');
    const [bare, wrapped] = [await lines({ accept }), await lines({ accept, 'x-envelope': '1' })];
    expect(wrapped).toEqual(bare);
    expect(JSON.parse(bare.at(-1)!)).toMatchObject({ count: bare.length - 2 });
  });

  it('has no part in how far a batch has come', async () => {
    const batch = async (headers: Record<string, string>): Promise<unknown[]> => {
      const body = { operation: 'update', ids: ['a2', 'none'], changes: { b: 1 } };
      const { text: lines } = await host.api.post('/atome/batch', body, { accept: 'application/x-ndjson', ...headers });
      return lines
        .trim()
        .split('\n')
        .map((line) => Object.keys(JSON.parse(line) as object));
    };
    const bare = await batch({});
    expect(bare).toHaveLength(5);
    expect(await batch({ 'x-envelope': '1' })).toEqual(bare);
  });

  it('has no part in a stream of events, nor in what is refused', async () => {
    const { api } = host;
    const abort = new AbortController();
    const headers = { accept: 'text/event-stream', 'x-envelope': '1' };
    const stream = await fetch(`${api.url}/sync/changes?since=0`, { headers, signal: abort.signal });
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    let events = '';
    while (!events.includes('sync:live')) events += (await reader.read()).value ?? '';
    expect(events).toContain('event: sync:live');
    abort.abort();
    expect(await api.get('/atome/none', { 'x-envelope': '1' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  it('leaves HEAD and 304 without a body', async () => {
    const { api } = host;
    for (const path of [...READS, ...STREAMS.map(([each]) => each)]) {
      const head = await fetch(api.url + path, { method: 'HEAD', headers: { 'x-envelope': '1' } });
      expect([path, head.status, await head.text()]).toEqual([path, 200, '']);
    }
    const tag = (await api.get('/atome/a1')).headers.get('etag')!;
    const headers = { 'if-none-match': tag, 'x-envelope': '1' };
    const kept = await fetch(`${api.url}/atome/a1`, { headers });
    expect([kept.status, await kept.text()]).toEqual([304, '']);
  });
});

describe('an interceptor that keeps answers', () => {
  const cache = new Cache();
  let host: Host;
  beforeAll(async () => {
    host = await start([], cache);
  });
  afterAll(() => host.app.close());

  it.each(READS)('gives the same again for GET %s', async (path) => {
    const { hits } = cache;
    const [first, again] = [await host.api.get(path, { 'x-cache': '1' }), await host.api.get(path, { 'x-cache': '1' })];
    expect(cache.hits).toBe(hits + 1);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('keeps the whole where a caller has it already', async () => {
    const tag = (await host.api.get('/atome/a2')).headers.get('etag')!;
    const kept = await host.api.get('/atome/a2', { 'x-cache': '1', 'if-none-match': tag });
    expect(kept.status).toBe(304);
    expect(await host.api.get('/atome/a2', { 'x-cache': '1' })).toMatchObject({ status: 200, body: { success: true } });
  });

  it.each(STREAMS)('keeps no lines of JSON: %s', async (path, accept) => {
    const headers = { accept, 'x-cache': '1' };
    expect(await text(host.api, path, headers)).toBe(await text(host.api, path, headers));
  });
});

describe('an interceptor that serialises answers', () => {
  it('gives what is there', async () => {
    const plain = await start([]);
    const serialising = await start([], new ClassSerializerInterceptor(new Reflector()));
    /** Without what differs from ledger to ledger. */
    const bodyOf = async ({ api }: Host, path: string): Promise<unknown> => {
      const { body } = await api.get(path);
      return JSON.parse(
        JSON.stringify(body, (key, value: unknown) =>
          /At$|^(timestamp|hash|prevHash|epoch|hlc|nextCursor)$/i.test(key) ? typeof value : value,
        ),
      );
    };
    for (const path of READS)
      expect([path, await bodyOf(serialising, path)]).toEqual([path, await bodyOf(plain, path)]);
    await plain.app.close();
    await serialising.app.close();
  });
});
