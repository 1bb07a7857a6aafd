import { Controller, Get, Injectable, Module, VersioningType, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AtomeModule,
  AtomeService,
  AtomeWsAdapter,
  type AtomeOptions,
  type AtomeStaticOptions,
} from '../../../src/index.js';
import { createUnified } from '../../../client/src/index.js';
import { SECRET, tokenOf } from '../../support/server/tokens.js';
import { Api } from '../../support/clients/api.js';
import { TestSocket } from '../../support/clients/socket.js';

let app: NestFastifyApplication;
let url: string;
afterEach(() => app.close());

interface Host {
  readonly options?: AtomeOptions & AtomeStaticOptions;
  readonly imports?: Type[];
  readonly controllers?: Type[];
  readonly setUp?: (app: NestFastifyApplication) => unknown;
}

async function start({ options = {}, imports = [], controllers = [], setUp }: Host = {}): Promise<Api> {
  const atomes = AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', wsPath: '/live', ...options });
  @Module({ imports: [atomes, ...imports], controllers })
  class HostModule {}
  app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), { logger: false });
  if (options.ws !== false) app.useWebSocketAdapter(new AtomeWsAdapter(app));
  setUp?.(app);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  return new Api(url);
}

const jwt = { keys: { secret: SECRET }, tenantClaim: 'tenant', rolesClaim: 'roles' };
const PATHS = ['/atome/list', '/sync/changes', '/server-info', '/audit', '/user-data/export', '/schema'];
const statuses = (api: Api): Promise<number[]> => Promise.all(PATHS.map(async (path) => (await api.get(path)).status));

const write = () => app.get(AtomeService).create({ id: 'a', kind: 'note', data: {} });

describe('an application chooses the doors', () => {
  it('has all of them unless it says so', async () => {
    expect(await statuses(await start())).toEqual([200, 200, 200, 200, 200, 200]);
  });

  it('has sockets and its own code without routes', async () => {
    const api = await start({ options: { rest: false } });
    expect(await statuses(api)).toEqual([404, 404, 404, 404, 404, 404]);
    expect((await api.post('/auth/ticket', {})).status).toBe(404);
    const socket = await TestSocket.connect(`${url.replace('http', 'ws')}/live`);
    await write();
    expect(await socket.next('atome:created')).toMatchObject({ atome: { id: 'a' } });
    await socket.close();
  });

  it('needs no adapter without the WebSocket, and has nothing at its path', async () => {
    const api = await start({ options: { ws: false } });
    expect((await api.get('/live')).status).toBe(404);
    await expect(TestSocket.connect(`${url.replace('http', 'ws')}/live`)).rejects.toThrow();
    await write();
    expect((await api.get('/atome/a')).status).toBe(200);
  });

  it('may have routes of its own where it leaves ours out', async () => {
    @Controller('audit')
    class Audit {
      @Get()
      get(): object {
        return { mine: true };
      }
    }
    const api = await start({
      options: { audit: false, userData: false, schema: false, webhooks: false },
      controllers: [Audit],
    });
    expect(await statuses(api)).toEqual([200, 200, 200, 200, 404, 404]);
    expect((await api.get('/audit')).body).toEqual({ mine: true });
    expect((await api.get('/webhooks')).status).toBe(404);
  });

  it('has them at the same paths whatever its versions are', async () => {
    const api = await start({
      setUp: (host) => host.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' }),
    });
    expect(await statuses(api)).toEqual([200, 200, 200, 200, 200, 200]);
  });

  it('has them below a path of its choice, which clients find', async () => {
    await start({
      options: { path: 'objects', accounts: {}, jwt },
      setUp: (host) => {
        host.setGlobalPrefix('v1');
        host.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '2' });
      },
    });
    const admin = new Api(`${url}/v1/objects`).as(tokenOf('admin'));
    expect(await statuses(admin)).toEqual([200, 200, 200, 200, 200, 200]);
    expect((await admin.get('/webhooks')).status).toBe(200);
    expect((await admin.get('/auth/me')).status).toBe(200);
    expect(await statuses(new Api(`${url}/v1`).as(tokenOf('admin')))).toEqual([404, 404, 404, 404, 404, 404]);
    const { UnifiedAtome: atomes } = createUnified({ url: `${url}/live`, token: tokenOf('writer') });
    expect(await atomes.create({ id: 'a', kind: 'note', data: {} })).toMatchObject({ success: true });
  });

  it('may have the module everywhere', async () => {
    @Injectable()
    class Feature {
      constructor(readonly atomes: AtomeService) {}
    }
    @Module({ providers: [Feature] })
    class FeatureModule {}
    await start({ options: { isGlobal: true }, imports: [FeatureModule] });
    expect(app.get(Feature).atomes).toBe(app.get(AtomeService));
  });

  it.each([[{ rest: false, accounts: {} }], [{ ws: 'no' as never }], [{ path: 'no path' }]])(
    'is told what does not fit: %j',
    async (options) => {
      await start();
      expect(() => AtomeModule.forRoot(options)).toThrow(Object.keys(options).at(-1));
    },
  );
});
