import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient, memoryStore, type Client, type ClientOptions, type Status } from '../../client/src/index.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { AT_ONCE, next } from '../support/clients/offline.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

const expired = (): string => tokenOf('writer', { exp: Date.now() / 1_000 - 60 });

describe('the offline-first client, where authentication is on', () => {
  let server: TestApp;
  let proxy: TcpProxy;
  let client: Client;
  beforeEach(async () => {
    server = await startApp(WITH_TOKENS);
    proxy = await TcpProxy.to(Number(new URL(server.url).port));
  });
  afterEach(async () => {
    await client.close();
    await proxy.cut().catch(() => undefined);
    await server.close();
  });

  function open(token: ClientOptions['token'], more: ClientOptions = {}): Client {
    client = createClient({ url: `http://127.0.0.1:${proxy.port}`, reconnect: AT_ONCE, token, ...more });
    return client;
  }

  const stopped = (): Promise<Status> => next(client, 'sync:status', ({ state }) => state === 'stopped');

  it('gets a new token for one that has expired while it was offline, before it sends', async () => {
    const asked: boolean[] = [];
    let first = true;
    open(({ renew }) => {
      asked.push(renew);
      const token = first || renew ? tokenOf('writer') : expired();
      first = false;
      return token;
    });
    await client.ready();
    await proxy.cut();
    await client.create({ id: 'a', kind: 'note', data: {} });
    await proxy.restore();
    await client.flush();
    expect(await client.rejected()).toEqual([]);
    expect(asked).toContain(true);
    expect(await client.get('a')).toMatchObject({ ownerId: 'writer' });
  });

  it.each<[string, ClientOptions['token']]>([
    ['a fresh token is refused too', () => expired()],
    ['there is no fresh token', ({ renew }) => (renew ? null : expired())],
    ['the token is no function', expired()],
  ])('stops when %s, and keeps the outbox', async (_why, token) => {
    const store = memoryStore();
    open(token, { store });
    const error = next(client, 'sync:error', ({ error: { name } }) => name === 'SyncError');
    const end = stopped();
    await client.create({ id: 'a', kind: 'note', data: {} });
    expect(await end).toMatchObject({ pending: 1, rejected: 0 });
    expect((await error).error).toMatchObject({ code: 'unauthenticated' });
    await client.close();

    open(() => tokenOf('writer'), { store });
    await client.flush();
    expect(await client.get('a')).toMatchObject({ version: 1, ownerId: 'writer' });
  });

  it('goes on trying when the token cannot be had just now', async () => {
    let failures = 3;
    open(() => {
      if (failures-- > 0) throw new Error('no network');
      return tokenOf('writer');
    });
    await client.create({ id: 'a', kind: 'note', data: {} });
    await client.flush();
    expect(failures).toBeLessThan(0);
  });

  it('stops when it may not connect at all', async () => {
    open(tokenOf('nobody', { roles: [] }));
    expect(await stopped()).toMatchObject({ reason: expect.stringContaining('4403') });
  });
});
