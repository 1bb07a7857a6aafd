import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { memoryStore, SyncError, type Store } from '../../client/src/index.js';
import * as backends from '../../client/src/dual.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { AT_ONCE, next, shownBy, stateOf, takenBy } from '../support/clients/offline.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

const { createBackends } = backends;

it('/backends exports this name, and the one before', () => {
  expect(Object.keys(backends).sort()).toEqual(['createBackends', 'createClient']);
});

describe('a client of two servers', () => {
  let servers: readonly [local: TestApp, cloud: TestApp];
  let wires: readonly [local: TcpProxy, cloud: TcpProxy];
  let stores: readonly [local: Store, cloud: Store];
  let client: backends.Backends;
  beforeEach(async () => {
    servers = [await startApp(), await startApp()];
    wires = [await wireTo(servers[0]), await wireTo(servers[1])];
    stores = [memoryStore(), memoryStore()];
    client = start();
    await Promise.all([client.local.ready(), client.cloud.ready()]);
  });
  afterEach(async () => {
    await client.close();
    await Promise.all(wires.map((wire) => wire.cut().catch(() => undefined)));
    await Promise.all(servers.map((server) => server.close()));
  });

  const wireTo = ({ url }: TestApp): Promise<TcpProxy> => TcpProxy.to(Number(new URL(url).port));

  function start(): backends.Backends {
    const [local, cloud] = wires.map(({ port }, i) => ({
      url: `http://127.0.0.1:${port}`,
      store: stores[i]!,
      reconnect: AT_ONCE,
    }));
    return createBackends({ local: local!, cloud: cloud! });
  }

  async function expectEqual(): Promise<void> {
    const [local, cloud] = await Promise.all(servers.map(stateOf));
    expect(cloud).toEqual(local);
    expect(cloud).not.toEqual([]);
  }

  it('writes to both under the same name and stamp, and reads what it has written', async () => {
    const { UnifiedAtome } = client;
    const created = await UnifiedAtome.create({ kind: 'note', data: { n: 1 } });
    expect(created).toMatchObject({ success: true, pending: true, backends: { local: {}, cloud: {} } });
    const id = created.id!;
    expect(await UnifiedAtome.get(id)).toMatchObject({ success: true, atome: { id, data: { n: 1 } } });
    await UnifiedAtome.update(id, { n: 2 });
    await UnifiedAtome.rename(id, 'named');
    await UnifiedAtome.alter(id, { operation: 'tag', changes: { tags: ['a'] } });
    await UnifiedAtome.alter(id, { operation: 'replace', changes: { data: { whole: true } } });
    await client.flush();
    expect(await UnifiedAtome.list({ kind: 'note' })).toMatchObject({
      success: true,
      data: [{ id, data: { whole: true }, meta: { tags: ['a'] } }],
      backends: { local: { state: 'live', pending: 0 }, cloud: { state: 'live', pending: 0 } },
    });
    const names = await Promise.all(servers.map(async ({ url }) => (await takenBy(url)).map(({ opId }) => opId)));
    expect(names[0]).toHaveLength(5);
    expect(names[1]).toEqual(names[0]);
    const stamps = await Promise.all(
      servers.map(async ({ api }) => {
        const { body } = await api.get(`/api/atome/${id}/history`);
        return (body as { alterations: { hlc: string }[] }).alterations.map(({ hlc }) => hlc);
      }),
    );
    expect(stamps[1]).toEqual(stamps[0]);
    await expectEqual();
  });

  it.each([0, 1])('goes on while one is away, which gets later what it missed: %d', async (which) => {
    const { UnifiedAtome } = client;
    const away = which === 0 ? client.local : client.cloud;
    const name = which === 0 ? 'local' : 'cloud';
    await UnifiedAtome.create({ id: 'a', kind: 'note', data: { n: 0 } });
    await client.flush();
    const gone = next(away, 'sync:status', ({ state }) => state === 'offline');
    await wires[which]!.cut();
    await gone;
    for (let n = 1; n <= 20; n += 1) await UnifiedAtome.update('a', { n });
    await UnifiedAtome.create({ id: 'b', kind: 'note', data: {} });
    await UnifiedAtome.delete('b');
    const there = which === 0 ? client.cloud : client.local;
    await there.flush();
    const answer = await UnifiedAtome.get('a');
    expect(answer).toMatchObject({ success: true, atome: { data: { n: 20 } } });
    expect(answer.backends[name]).toMatchObject({ pending: 22 });

    // also over a new start
    await client.close();
    client = start();
    await wires[which]!.restore();
    await client.flush();
    await expectEqual();
    expect(await shownBy(client.local)).toEqual(await shownBy(client.cloud));
    for (const { url } of servers) expect(await takenBy(url)).toHaveLength(23);
  });

  it('gives the local server a write over which the process died between the two stores', async () => {
    await client.close();
    const [local, cloud] = stores;
    const write = { opId: '00000000-0000-7000-8000-000000000001', operation: 'create', atomeId: 'a', kind: 'note' };
    await cloud.commit([{ append: [{ ...write, data: { n: 1 }, hlc: '000001700000000-0000-device', half: true }] }]);
    stores = [local, cloud];
    client = start();
    await client.flush();
    await expectEqual();
  });

  it('comes to the same on both when devices write through different ones first', async () => {
    const one = client;
    stores = [memoryStore(), memoryStore()];
    const other = start();
    await Promise.all([other.local.ready(), other.cloud.ready()]);
    await one.UnifiedAtome.create({ id: 'a', kind: 'note', data: {} });
    await one.flush();
    await Promise.all([wires[0].cut(), wires[1].cut()]);
    for (let n = 0; n < 10; n += 1) {
      await one.UnifiedAtome.update('a', { [`k${n % 3}`]: `one ${n}` });
      await other.UnifiedAtome.update('a', { [`k${n % 4}`]: `other ${n}` });
    }
    await wires[0].restore();
    await one.local.flush();
    await wires[1].restore();
    await Promise.all([one.flush(), other.flush()]);
    await expectEqual();
    await other.close();
  });

  it('leaves what others have written later on one server, tells of that, and levels it with the next write', async () => {
    const { UnifiedAtome } = client;
    await UnifiedAtome.create({ id: 'a', kind: 'note', data: { k: 0 } });
    await client.flush();
    await wires[0].cut();
    await UnifiedAtome.update('a', { k: 'mine' });
    await client.cloud.flush();
    await servers[0].api.post('/api/atome/a/alter', { operation: 'update', changes: { k: 'theirs' } });
    const conflict = next(client.local, 'sync:conflict');
    await wires[0].restore();
    await client.flush();
    expect(await conflict).toMatchObject({ atomeId: 'a', superseded: ['data.k'] });
    expect(await client.local.get('a')).toMatchObject({ data: { k: 'theirs' } });
    expect(await client.cloud.get('a')).toMatchObject({ data: { k: 'mine' } });

    await UnifiedAtome.update('a', { k: 'again' });
    await client.flush();
    await expectEqual();
  });

  it('says so when a write cannot be kept, and keeps it for neither', async () => {
    const [local] = stores;
    const commit = local.commit.bind(local);
    local.commit = () => Promise.reject(new SyncError('storage', 'no space'));
    expect(await client.UnifiedAtome.create({ kind: 'note', data: {} })).toMatchObject({
      success: false,
      code: 'storage',
      error: 'no space',
    });
    local.commit = commit;
    await client.flush();
    expect(await takenBy(servers[1].url)).toEqual([]);
    expect(await client.UnifiedAtome.get('nothing')).toMatchObject({ success: false, code: 'not_found' });
  });
});
