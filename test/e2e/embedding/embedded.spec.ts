import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, take, toArray } from 'rxjs';
import { createShop } from '../../../examples/embedded/app.js';
import { Warehouse } from '../../../examples/embedded/warehouse.js';
import { AtomeEvents, AtomeModule, AtomeService, type AtomeOptions } from '../../../src/index.js';
import { Api } from '../../support/clients/api.js';
import { createFile, type Database } from '../../support/databases/databases.js';
import { TestSocket } from '../../support/clients/socket.js';

const KEY = { 'x-api-key': 'shop-secret' };
const TEA = { article: 'tea', count: 1 };
const WS_PATH = '/v1/live';

@Injectable()
class Settings {
  static options: AtomeOptions;
  readonly options = Settings.options;
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

const VARIANTS: [name: string, atomes: (options: AtomeOptions) => DynamicModule][] = [
  ['forRoot', (options) => AtomeModule.forRoot({ ...options, wsPath: WS_PATH })],
  [
    'forRootAsync',
    (options) => {
      Settings.options = options;
      return AtomeModule.forRootAsync({
        wsPath: WS_PATH,
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async ({ options }: Settings) => Promise.resolve(options),
      });
    },
  ],
];

it('allows pages of every origin only with tokens', () => {
  expect(() => AtomeModule.forRoot({ allowedOrigins: ['*'] })).toThrow('needs jwt');
});

describe.each(VARIANTS)('an application that imports AtomeModule.%s', (_name, atomes) => {
  let database: Database;
  let app: NestFastifyApplication;
  let api: Api;
  let socket: TestSocket;
  afterEach(async () => {
    await socket.close();
    await app.close();
    await database.drop();
  });

  async function start(): Promise<void> {
    database = createFile();
    app = await createShop(database.url, atomes);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    api = new Api(`http://127.0.0.1:${port}`);
    socket = await TestSocket.connect(`ws://127.0.0.1:${port}/v1/live`);
    await socket.next('welcome');
  }

  it('has the REST calls under its own prefix, behind its own guard', async () => {
    await start();
    expect(await api.get('/v1/atome/list')).toMatchObject({ status: 403, body: { code: 'forbidden', success: false } });
    expect(await api.get('/v1/sync/changes')).toMatchObject({ status: 403 });
    expect(await api.get('/api/atome/list', KEY)).toMatchObject({ status: 404 });

    const created = await api.post('/v1/atome/create', { id: 'a1', kind: 'note', data: { n: 1 } }, KEY);
    expect(created).toMatchObject({ status: 201, body: { success: true, version: 1 } });
    expect(await api.get('/v1/server-info', KEY)).toMatchObject({ body: { wsPath: '/v1/live', seq: 1 } });
    expect(await socket.next('atome:created')).toMatchObject({ atome: { id: 'a1' } });
  });

  it('has every kind of write, also where it validates bodies itself', async () => {
    await start();
    await api.post('/v1/atome/create', { id: 'a1', kind: 'note', type: null, data: { n: 1, deep: [{ a: 1 }] } }, KEY);
    const alter = { operation: 'patch', changes: [{ op: 'add', path: '/m', value: 2 }], deviceId: 'd', timestamp: 7 };
    expect(await api.post('/v1/atome/a1/alter', alter, KEY)).toMatchObject({ status: 200 });
    expect(await api.patch('/v1/atome/a1', { n: null }, undefined, KEY)).toMatchObject({ status: 200 });
    const steps = [{ op: 'replace', path: '/m', value: 3 }];
    expect(await api.patch('/v1/atome/a1', steps, 'application/json-patch+json', KEY)).toMatchObject({
      status: 200,
      body: { atome: { data: { deep: [{ a: 1 }], m: 3 } } },
    });
    expect(await api.post('/v1/atome/a1/rename', { newName: 'x' }, KEY)).toMatchObject({ status: 200 });
    expect(await api.put('/v1/atome/a1', { data: {}, parentId: null }, KEY)).toMatchObject({ status: 200 });
    expect(await api.delete('/v1/atome/a1', { reason: 'done' }, KEY)).toMatchObject({ status: 200 });
    expect(await api.post('/v1/atome/a1/restore', { version: 1 }, KEY)).toMatchObject({ status: 200 });
    const operations = [{ opId: 'p1', operation: 'tag', atomeId: 'a1', changes: { tags: ['t'] } }];
    expect(await api.post('/v1/sync/push', { operations }, KEY)).toMatchObject({
      body: { results: [{ type: 'ack' }] },
    });
    expect(await api.post('/v1/atome/create', { kind: 'no te', data: 1 }, KEY)).toMatchObject({ status: 400 });
    const broken = await api.patch('/v1/atome/a1', '{', undefined, KEY);
    expect(broken).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
  });

  it('uses AtomeService in its own code, and every socket sees what that writes', async () => {
    await start();
    const placed = await api.post('/v1/orders', { article: 'tea', count: 2 }, KEY);
    expect(placed).toMatchObject({ status: 201, body: { kind: 'order', data: { article: 'tea', state: 'placed' } } });
    const id = String(placed.body.id);
    await api.post(`/v1/orders/${id}/ship`, undefined, KEY);
    expect(await socket.next('atome:created')).toMatchObject({ atome: { id } });
    expect(await socket.next('atome:altered')).toMatchObject({ atomeId: id, atome: { data: { state: 'shipped' } } });
    expect(await api.post('/v1/orders', { article: 'tea', count: 0 }, KEY)).toMatchObject({ status: 400 });
    const missing = await api.post('/v1/orders/nobody/ship', undefined, KEY);
    expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('is told after each commit, whoever wrote', async () => {
    await start();
    const events = firstValueFrom(app.get(AtomeEvents, { strict: false }).stream.pipe(take(3), toArray()));
    const { id } = (await api.post('/v1/orders', { article: 'tea', count: 1 }, KEY)).body;
    await api.delete(`/v1/atome/${String(id)}`, undefined, KEY);
    socket.send({ type: 'mutate', opId: 'op-1', operation: 'create', atomeId: 'o2', kind: 'order', data: TEA });
    expect(await events).toMatchObject([
      { type: 'atome:created', tenant: 'default', seq: 1 },
      { type: 'atome:deleted', seq: 2 },
      { type: 'atome:created', seq: 3, atome: { id: 'o2' } },
    ]);
    const { toPack, seen } = app.get(Warehouse);
    expect({ toPack, seen }).toEqual({ toPack: [id, 'o2'], seen: 3 });
  });

  it('is told of the last writes, which are committed while it drains', async () => {
    await start();
    const service = app.get(AtomeService, { strict: false });
    const warehouse = app.get(Warehouse);
    const writes = [1, 2, 3].map((count) => service.create({ kind: 'order', data: { ...TEA, count } }));
    await app.close();
    await Promise.all(writes);
    expect(warehouse.toPack).toHaveLength(3);
  });

  it('lets no page of another origin open the WebSocket', async () => {
    await start();
    const url = socket.ws.url;
    await expect(TestSocket.connect(url, { origin: 'https://evil.example' })).rejects.toThrow('403');
    await (await TestSocket.connect(url, { origin: url.replace('ws', 'http').replace('/v1/live', '') })).close();
  });

  it('ends cleanly: goaway, 1012, and the port is free', async () => {
    await start();
    const closed = once(app.getHttpServer(), 'close');
    await app.close();
    expect(await socket.next('goaway')).toMatchObject({ retryAfter: expect.any(Number) });
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    await closed;
    await expect(api.get('/v1/server-info', KEY)).rejects.toThrow();
  });
});

describe('an application context, which has no server', () => {
  it('starts with AtomeModule, writes, and closes', async () => {
    const context = await NestFactory.createApplicationContext(
      AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:' }),
      {
        logger: false,
        abortOnError: false,
      },
    );
    const atomes = context.get(AtomeService, { strict: false });
    const { id, version } = await atomes.create({ kind: 'order', data: { count: 1 } });
    expect(version).toBe(1);
    expect(await atomes.get(id)).toMatchObject({ data: { count: 1 } });
    await context.close();
    await expect(atomes.create({ kind: 'order', data: {} })).rejects.toMatchObject({ code: 'unavailable' });
  });
});
