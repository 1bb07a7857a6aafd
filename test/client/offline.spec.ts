import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient, memoryStore, type Client, type ClientOptions } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { AT_ONCE, next, shownBy, takenBy, writeMixed } from '../support/clients/offline.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

describe('the offline-first client', () => {
  let server: TestApp;
  let proxy: TcpProxy;
  let clients: Client[];
  beforeEach(async () => {
    server = await startApp();
    proxy = await TcpProxy.to(Number(new URL(server.url).port));
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await proxy.cut().catch(() => undefined);
    await server.close();
  });

  /** A client that a spec can cut off. */
  function open(options: ClientOptions = {}): Client {
    const client = createClient({ url: `http://127.0.0.1:${proxy.port}`, reconnect: AT_ONCE, ...options });
    clients.push(client);
    return client;
  }

  it('shows a write at once, and once', async () => {
    await proxy.cut();
    const client = open();
    const shown: unknown[] = [];
    await client.list();
    client.watch({ kind: 'note' }, (atomes, difference) => shown.push([atomes.map(({ data }) => data), difference]));
    await client.list();
    const created = await client.create({ kind: 'note', data: { title: 'Milk' } });
    expect(created).toMatchObject({ success: true, pending: true });
    const { id } = created;
    await client.update(id, { done: true });
    expect(await client.get(id)).toMatchObject({ data: { title: 'Milk', done: true }, version: 2 });
    expect(client.status()).toMatchObject({ pending: 2, lastSeq: 0 });

    await proxy.restore();
    await client.flush();
    expect(await client.get(id)).toMatchObject({
      data: { title: 'Milk', done: true },
      version: 2,
      ownerId: 'anonymous',
    });
    expect(shown).toEqual([
      [[], { added: [], changed: [], removed: [] }],
      [[{ title: 'Milk' }], { added: [id], changed: [], removed: [] }],
      [[{ title: 'Milk', done: true }], { added: [], changed: [id], removed: [] }],
    ]);
  });

  it('makes 1,000 writes offline, over restarts, and the server gets each once and in order', async () => {
    await proxy.cut();
    const store = memoryStore();
    const opIds: string[] = [];
    for (let from = 0; from < 1_000; from += 250) {
      const client = open({ store });
      opIds.push(...(await writeMixed(client, 250, from)));
      if (from < 750) await client.close();
    }
    const client = clients.at(-1)!;
    const before = await shownBy(client);
    await proxy.restore();
    await client.flush();
    const taken = await takenBy(server.url);
    expect(taken.map(({ opId }) => opId)).toEqual(opIds);
    expect(await client.rejected()).toEqual([]);
    expect(await shownBy(client)).toEqual(before);
    expect(client.status()).toMatchObject({ pending: 0, lastSeq: 1_000 });
  });

  it('puts a write that is refused into the inbox, and sends those behind it', async () => {
    await proxy.cut();
    const client = open();
    const heard: unknown[] = [];
    client.on('sync:rejected', ({ operation, error }) => heard.push([operation.opId, error.code]));
    const opIds: string[] = [];
    for (let n = 0; n < 100; n += 1) {
      const kind = n === 50 ? 'no kind at all' : 'note';
      opIds.push((await client.create({ id: `n${n}`, kind, data: { n } })).opId);
    }
    await proxy.restore();
    await client.flush();
    const [poison] = opIds.splice(50, 1);
    expect((await takenBy(server.url)).map(({ opId }) => opId)).toEqual(opIds);
    const [rejected, ...more] = await client.rejected();
    expect(more).toEqual([]);
    expect(rejected).toMatchObject({ operation: { opId: poison }, error: { code: 'invalid' } });
    expect(rejected!.error.message).toContain('kind must be');
    expect(heard).toEqual([[poison, 'invalid']]);

    // edited, it is another write
    const { opId } = await client.retry(poison!, { kind: 'note' });
    await client.flush();
    expect((await takenBy(server.url)).at(-1)).toMatchObject({ opId });
    expect(await client.rejected()).toEqual([]);
  });

  it('refuses what depends on a refused create with it, and brings it back with it', async () => {
    await proxy.cut();
    const client = open();
    const { id } = await client.create({ kind: 'no kind at all', data: {} });
    const updated = await client.update(id, { n: 1 });
    await client.create({ id: 'fine', kind: 'note', data: {} });
    await proxy.restore();
    await client.flush();
    const rejected = await client.rejected();
    expect(rejected.map(({ error }) => error.code)).toEqual(['invalid', 'not_found']);
    expect(await client.get(id)).toBeNull();
    expect(await client.get('fine')).not.toBeNull();

    await client.retry(rejected[0]!.operation.opId, { kind: 'note' });
    await client.retry(updated.opId);
    await client.flush();
    expect(await client.get(id)).toMatchObject({ kind: 'note', data: { n: 1 }, version: 2 });
  });

  it('puts a write into the inbox that is too big for the server', async () => {
    const client = open();
    await client.ready();
    const big = await client.create({ id: 'big', kind: 'note', data: { text: 'x'.repeat(1_100_000) } });
    const small = await client.create({ id: 'small', kind: 'note', data: {} });
    await client.flush();
    expect(await client.rejected()).toMatchObject([{ operation: { opId: big.opId }, error: { code: 'too_large' } }]);
    expect((await takenBy(server.url)).map(({ opId }) => opId)).toEqual([small.opId]);
  });

  it('refuses what is based on an old version, and shows what is right', async () => {
    await server.api.create({ title: 'old' }, { id: 'a' });
    const client = open();
    await client.ready();
    await proxy.cut();
    await server.api.post('/api/atome/a/alter', { operation: 'update', changes: { title: 'faster' } });
    await client.update('a', { title: 'mine' }, { baseVersion: 1 });
    expect(await client.get('a')).toMatchObject({ data: { title: 'mine' } });
    await proxy.restore();
    await client.flush();
    expect(await client.rejected()).toMatchObject([{ error: { code: 'conflict' } }]);
    expect(await client.get('a')).toMatchObject({ data: { title: 'faster' }, version: 2 });
  });

  it('tells of the keys of a write that have lost', async () => {
    await server.api.create({ title: 'old', n: 0 }, { id: 'a' });
    const client = open();
    await client.ready();
    await proxy.cut();
    const conflict = next(client, 'sync:conflict');
    await client.update('a', { title: 'early', n: 1 });
    const other = createClient({ url: server.url });
    clients.push(other);
    await other.ready();
    await other.update('a', { title: 'late' });
    await other.flush();
    await proxy.restore();
    expect(await conflict).toMatchObject({ atomeId: 'a', superseded: ['data.title'] });
    await client.flush();
    expect(await client.get('a')).toMatchObject({ data: { title: 'late', n: 1 } });
    await other.waitFor(3);
    expect(await shownBy(other)).toEqual(await shownBy(client));
  });

  it('goes on from its cursor after a restart, and hears only what is new', async () => {
    const store = memoryStore();
    const first = open({ store });
    await first.ready();
    await server.api.create({ n: 1 }, { id: 'a' });
    await first.waitFor(1);
    await first.close();
    await server.api.create({ n: 2 }, { id: 'b' });
    const second = open({ store });
    const created = next(second, 'atome:created');
    await second.ready();
    expect(await second.list()).toHaveLength(1);
    expect(await created).toMatchObject({ atome: { id: 'b' }, seq: 2 });
    expect(await second.list()).toHaveLength(2);
  });

  it('holds only what it has subscribed to', async () => {
    await server.api.create({ n: 1 }, { id: 'a', parentId: 'p' });
    await server.api.create({ n: 2 }, { id: 'b' });
    await server.api.create({ n: 3 }, { id: 'c', kind: 'task', parentId: 'p' });
    const store = memoryStore();
    const client = open({ store, subscription: { kinds: ['note'], parentId: 'p' } });
    await client.ready();
    expect(Object.keys(await shownBy(client))).toEqual(['a']);
    const left = next(client, 'atome:left');
    await server.api.put('/api/atome/a', { parentId: null });
    await server.api.put('/api/atome/b', { parentId: 'p' });
    expect(await left).toMatchObject({ atomeId: 'a' });
    await client.waitFor(5);
    expect(Object.keys(await shownBy(client))).toEqual(['b']);
    await client.close();

    const wider = open({ store, subscription: { kinds: ['note', 'task'] } });
    await wider.ready();
    expect(Object.keys(await shownBy(wider))).toEqual(['a', 'b', 'c']);
  });
});
