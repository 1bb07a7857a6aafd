import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createUnified } from '../../../client/src/index.js';
import { AtomeModule, AtomeWsAdapter, type AtomeStaticOptions } from '../../../src/index.js';

/** A call of the application under the usual prefix, which is its own business. */
@Controller()
class OwnController {
  @Get('mine/api/atome/list')
  list(): object {
    return { mine: true };
  }
}

let app: NestFastifyApplication;
afterEach(() => app.close());

async function start(prefix: string, options: AtomeStaticOptions): Promise<string> {
  const jwt = { keys: { secret: 'a secret of at least thirty-two bytes' }, tenantClaim: 'tenant', rolesClaim: 'roles' };
  const atomes = AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', ...options, ...(options.accounts && { jwt }) });
  @Module({ imports: [atomes], controllers: [OwnController] })
  class HostModule {}
  app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), { logger: false });
  if (prefix !== '') app.setGlobalPrefix(prefix, { exclude: ['mine/api/atome/list'] });
  if (options.ws !== false) app.useWebSocketAdapter(new AtomeWsAdapter(app));
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

describe('a client that is told the address of an application', () => {
  it.each([
    ['v1', '/v1/live', '/v1/live'],
    ['v1', '/v1/ws/atome-sync', '/v1'],
    ['', '/ws/atome-sync', ''],
    ['', '/live', '/live'],
    ['api', '/ws/atome-sync', ''],
    ['api/v1', '/api/v1/live', '/api/v1/live'],
    ['v1/api', '/live', '/live'],
  ])('finds its calls under the prefix "%s", with the WebSocket at %s', async (prefix, wsPath, address) => {
    const url = (await start(prefix, { wsPath })) + address;
    const { UnifiedAtome: atomes } = createUnified({ url: wsPath === address ? url.replace('http', 'ws') : url });
    expect(await atomes.create({ id: 'a1', kind: 'note', data: { n: 1 } })).toMatchObject({
      success: true,
      version: 1,
    });
    expect(await atomes.alter('a1', { operation: 'update', changes: { n: 2 } })).toMatchObject({ success: true });
    expect(await atomes.get('a1')).toMatchObject({ success: true, atome: { data: { n: 2 } } });
    expect(await atomes.list({ kind: 'note', limit: 5 })).toMatchObject({ success: true, data: [{ id: 'a1' }] });
    expect(await atomes.history('a1')).toMatchObject({ success: true, currentVersion: 2 });
    expect(await atomes.delete('a1')).toMatchObject({ success: true });
  });
});

describe('a call under the usual prefix', () => {
  const ask = async (url: string, init: RequestInit = {}) => {
    const { status, headers } = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'application/json' },
      ...init,
    });
    return [status, headers.get('location')];
  };

  it('is led on with its query, and to nowhere else', async () => {
    const url = await start('v1', {});
    expect(await ask(`${url}/api/atome/list?limit=5&search=/api/x`)).toEqual([
      308,
      '../../v1/atome/list?limit=5&search=/api/x',
    ]);
    expect(await ask(`${url}/deep/mount/api/atome/a1`, { method: 'DELETE' })).toEqual([308, '../../../../v1/atome/a1']);
    expect(await ask(`${url}//elsewhere.example/api/server-info`)).toEqual([308, '../../../v1/server-info']);
  });

  it('is led nowhere where the prefix has a part that differs', async () => {
    const url = await start('t/:org', {});
    expect(await ask(`${url}/api/atome/list`)).toEqual([404, null]);
    expect(await ask(`${url}/t/acme/atome/list`)).toEqual([200, null]);
  });

  it('is as unknown as before where no call of ours is meant', async () => {
    const url = await start('v1', {});
    for (const path of [
      '/api/orders',
      '/api',
      '/api/',
      '/x?to=/api/atome/list',
      '/apiatome/list',
      '/api/atome/a/b/c',
    ]) {
      expect([path, ...(await ask(url + path))]).toEqual([path, 404, null]);
    }
    expect(await ask(`${url}/api/atome/list`, { method: 'POST' })).toEqual([404, null]);
    expect(await ask(`${url}/mine/api/atome/list`)).toEqual([200, null]);
    for (const accept of ['*/*', 'text/html, application/json']) {
      expect(await ask(`${url}/api/atome/list`, { headers: { accept } })).toEqual([404, null]);
    }
  });

  it.each<[string, AtomeStaticOptions]>([
    ['api', {}],
    ['v1', { rest: false }],
  ])('is answered by nobody under the prefix "%s" with %j', async (prefix, options) => {
    const url = await start(prefix, options);
    expect(await ask(`${url}/mount/api/atome/list`)).toEqual([404, null]);
  });
});
