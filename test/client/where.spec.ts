import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createElement, type ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createClient, createUnified, memoryStore, type Client, type ClientOptions } from '../../client/src/index.js';
import { AtomeProvider, useAtomes } from '../../client/src/react.js';
import * as entry from '../../client/src/where.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventRecorder } from '../support/clients/event-recorder.js';

const { where } = entry;
/** Open, or of unknown size. */
const WANTED = where({ or: [{ 'data.status': 'open' }, { 'data.size': { exists: false }, kind: { ne: 'list' } }] });

it('/where exports these names', () => {
  expect(Object.keys(entry).sort()).toEqual(['order', 'where']);
});

describe('a condition of the SDK', () => {
  let server: TestApp;
  const clients: Client[] = [];
  let kinds = 0;
  beforeAll(async () => {
    server = await startApp();
  });
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
  afterAll(() => server.close());

  function open(options: ClientOptions = {}): Client {
    const client = createClient({ url: server.url, ...options });
    clients.push(client);
    return client;
  }
  const kindOfItsOwn = (): string => `kind${(kinds += 1)}`;
  const titles = (atomes: readonly { readonly data: unknown }[]): unknown[] =>
    atomes.map(({ data }) => (data as { title: unknown }).title);

  it.each([
    [{}, 'where must name a field'],
    [{ 'data.n': { like: 1 } }, 'where data.n "like" is no operator; there are eq, ne'],
    [{ status: 'open' }, 'where "status" is no field; there are data.<key>'],
  ])('that is wrong throws when it is made: %j', (wrong, message) => {
    const make = (): unknown => where(wrong);
    expect(make).toThrow(expect.objectContaining({ name: 'SyncError', code: 'invalid' }));
    expect(make).toThrow(message);
  });

  it('is as it was when it was made, in JSON too', () => {
    const written = { 'data.n': { in: [1] } };
    const made = where(written);
    written['data.n'].in[0] = 2;
    expect(JSON.stringify({ made })).toBe('{"made":{"data.n":{"in":[1]}}}');
  });

  it('chooses from the local store, offline, and keeps right', async () => {
    const client = open({ url: 'http://127.0.0.1:1', principal: { tenant: 'default', id: 'anonymous' } });
    const add = (title: string, data: object) => client.create({ kind: 'task', data: { title, ...data } });
    await add('a', { status: 'open', size: 3 });
    const { id } = await add('b', { status: 'done', size: 1 });
    await add('c', { status: 'done' });
    expect(titles(await client.list({ where: WANTED }))).toEqual(['a', 'c']);
    expect(titles(await client.list({ where: WANTED, sort: '-data.title', limit: 1 }))).toEqual(['c']);
    const told: unknown[] = [];
    const stop = client.watch({ kind: 'task', where: WANTED }, (atomes) => told.push(titles(atomes)));
    await client.list();
    await client.update(id, { status: 'open' });
    await client.update(id, { status: 'late' });
    stop();
    expect(told).toEqual([
      ['a', 'c'],
      ['a', 'b', 'c'],
      ['a', 'c'],
    ]);
    // what it always could say, it says as before
    expect(titles(await client.list({ where: { size: { gte: 1 }, status: 'open' } }))).toEqual(['a']);
  });

  it('does not stand in the way of what a store can tell first', async () => {
    const store = memoryStore();
    const client = open({ store });
    await client.create({ kind: 'note', data: { n: 1 } });
    expect(await client.list({ sort: '-updatedAt', limit: 5, where: where({ 'data.n': 2 }) })).toEqual([]);
  });

  it('is what a client holds of a server: what comes in, stays in and goes out', async () => {
    const kind = kindOfItsOwn();
    const add = (id: string, status: string) => server.api.create({ title: id, status, size: 1 }, { id, kind });
    const set = async (id: string, status: string): Promise<number> => {
      const changes = { operation: 'update', changes: { status } };
      return (await server.api.post(`/api/atome/${id}/alter`, changes)).body.seq as number;
    };
    await add(`${kind}a`, 'open');
    await add(`${kind}b`, 'done');
    const store = memoryStore();
    const subscription = { kinds: [kind], where: { 'data.status': 'open' } } as const;
    const client = open({ store, subscription });
    await client.ready();
    expect(titles(await client.list())).toEqual([`${kind}a`]);
    await set(`${kind}b`, 'open');
    await client.waitFor(await set(`${kind}a`, 'done'));
    expect(titles(await client.list())).toEqual([`${kind}b`]);
    await client.close();
    await set(`${kind}b`, 'late');
    const last = await set(`${kind}a`, 'open');
    const again = open({ store, subscription: { ...subscription, where: where(subscription.where) } });
    await again.waitFor(last);
    expect(titles(await again.list())).toEqual([`${kind}a`]);
  });

  it('is asked of the server by who works there', async () => {
    const kind = kindOfItsOwn();
    const condition = where({ kind, 'data.n': { gte: 2 } });
    const unified = createUnified({ url: server.url, filter: { where: condition } });
    const recorder = new EventRecorder(unified);
    await unified.UnifiedSync.connectRealtime();
    for (const n of [1, 2, 3]) await server.api.create({ n }, { id: `${kind}-${n}`, kind });
    const { atome } = await recorder.next('atome:created');
    expect(atome.id).toBe(`${kind}-2`);
    const query = { sortBy: 'id', sortOrder: 'asc' } as const;
    for (const each of [condition, condition.toJSON()]) {
      const { data } = await unified.UnifiedAtome.list({ ...query, where: each });
      expect(data?.map(({ id }) => id)).toEqual([`${kind}-2`, `${kind}-3`]);
    }
    expect(await unified.UnifiedAtome.list({ where: { 'data.n': {} } })).toMatchObject({
      success: false,
      code: 'invalid',
    });
    unified.UnifiedSync.disconnectRealtime();
  });

  it('is one that the hooks of React take', () => {
    const asked: unknown[] = [];
    const client = open();
    const watched = { ...client, watch: (query: { where?: unknown }) => (asked.push(query.where), client.watch({})) };
    const Page = (): ReactElement => createElement('p', null, useAtomes({ where: WANTED }).length);
    renderToString(createElement(AtomeProvider, { client: watched as unknown as Client }, createElement(Page)));
    expect(asked).toEqual([WANTED]);
  });
});
