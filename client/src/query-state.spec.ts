import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { note, replay, settle, ScriptedServer } from '../../test/support/clients/scripted-server.js';
import { ScriptedTabs } from '../../test/support/clients/scripted-tabs.js';
import { createClient, memoryStore, type Client } from './index.js';
import * as entry from './query-state.js';

const { count, queryState } = entry;
let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

/** What is told of a query: its state, how many there are, and why. */
function follow(client: Client): [string, number, string?][] {
  const told: [string, number, string?][] = [];
  queryState(client, { kind: 'note' }).subscribe(({ state, data, error }) =>
    told.push([state, data.length, ...(error ? [error.message] : [])] as (typeof told)[number]),
  );
  return told;
}

it('/query exports these names', () => {
  expect(Object.keys(entry).sort()).toEqual(['count', 'queryState']);
});

it('counts what a query finds, also behind its limit', async () => {
  const [client] = await server.live(3, [note('a'), note('b', { done: true }), note('c')]);
  expect(await count(client, { kind: 'note', limit: 1, offset: 1 })).toBe(3);
  expect(await count(client, { where: { done: true } })).toBe(1);
  await client.create({ kind: 'note', data: {} });
  expect(await count(client)).toBe(4);
});

it('is loading until a complete state is here, ready from then on, and in error when the client has stopped', async () => {
  const store = memoryStore();
  const offline = server.open({ store });
  const told = follow(offline);
  await settle();
  expect(new Set(told.map(String))).toEqual(new Set(['loading,0']));
  await offline.close();
  await settle();
  expect(told.at(-1)).toEqual(['error', 0, 'the client was closed']);

  const [client] = await server.live(1, [note('a')], { store });
  const live = follow(client);
  await settle();
  expect(live.at(-1)).toEqual(['ready', 1]);
  await client.create({ kind: 'note', data: {} });
  expect(live.at(-1)).toEqual(['ready', 2]);
  await client.close();
  await settle();
  expect(live.at(-1)).toEqual(['error', 2, 'the client was closed']);
});

it('is in error for as long as another tab keeps another subscription, and ready once its own is here', async () => {
  const tabs = new ScriptedTabs(memoryStore());
  const client = server.open({ store: tabs.store, subscription: { kinds: ['note'] } });
  const told = follow(client);
  await tabs.asked(1);
  const cursor = { epoch: 'e1', seq: 9, hash: 'h9' };
  tabs.commit({ place: { cursor, subscription: '{"kinds":["todo"]}', skewMs: 0, stamp: null } });
  tabs.say({ status: { state: 'live' } });
  await expect(client.ready()).rejects.toMatchObject({ code: 'invalid' });
  await settle();
  expect(told.at(-1)).toEqual(['error', 0, expect.stringContaining('another `subscription`')]);
  tabs.grant();
  replay(await server.accept(), 9, [note('a')]);
  await client.ready();
  await settle();
  expect(told.at(-1)).toEqual(['ready', 1]);
  const { length } = told;
  await client.close();
  await settle();
  expect(told.slice(length)).toEqual([['error', 1, 'the client was closed']]);
});

it('gives the same object until something is different, and tells nobody who has left', async () => {
  const [client] = await server.live(1, [note('a')]);
  const live = queryState(client, { kind: 'note' });
  const first: unknown[] = [];
  const stop = live.subscribe((state) => first.push(state));
  await settle();
  const before = live.getSnapshot();
  expect(first.at(-1)).toBe(before);
  await client.create({ kind: 'other', data: {} });
  expect(live.getSnapshot()).toBe(before);
  stop();
  const { length } = first;
  await client.create({ kind: 'note', data: {} });
  await client.close();
  await settle();
  expect(first).toHaveLength(length);
});

it('refuses a query that is written wrong, at the call', () => {
  const client = createClient({ url: 'ws://test', dial: server.network.dial });
  expect(() => queryState(client, { limit: -1 })).toThrow(expect.objectContaining({ code: 'invalid' }));
  return client.close();
});
