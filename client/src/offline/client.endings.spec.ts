import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { MemoryPeer } from '../connection/memory-transport.js';
import {
  created,
  frame,
  hear,
  note,
  replay,
  ScriptedServer,
  settle,
} from '../../../test/support/clients/scripted-server.js';
import { ScriptedTabs } from '../../../test/support/clients/scripted-tabs.js';
import { memoryStore, type Checkpoint, type Client } from '../index.js';

let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

const offline = (message: RegExp): object => expect.objectContaining({ message: expect.stringMatching(message) });
const waits: readonly [string, (client: Client) => Promise<unknown>][] = [
  ['ready', (client) => client.ready()],
  ['waitFor', (client) => client.waitFor(9)],
  ['flush', (client) => client.create({ kind: 'note', data: {} }).then(() => client.flush())],
];

describe('what waits for a client that the server refuses', () => {
  it.each(waits)('rejects with the reason: %s, before and after it is known', async (_name, wait) => {
    const client = server.open();
    const early = wait(client).catch((thrown: unknown) => thrown);
    const peer = await server.accept();
    peer.close(4403, 'go away');
    expect(await early).toEqual(offline(/go away/));
    await expect(wait(client)).rejects.toMatchObject({ code: 'forbidden' });
    expect(client.status()).toMatchObject({ state: 'stopped' });
  });

  it.each(['invalid', 'too_complex', 'forbidden'] as const)('is told why a subscription is %s, once', async (code) => {
    const client = server.open({ subscription: { ids: ['a'] } });
    const errors: string[] = [];
    client.on('sync:error', ({ error }) => errors.push(error.message));
    const ready = client.ready().catch((thrown: unknown) => thrown);
    const peer = await server.accept();
    peer.send({ type: 'error', code, message: 'at most 1,000 ids' });
    expect(await ready).toMatchObject({ code, message: 'at most 1,000 ids' });
    expect(errors).toEqual(['at most 1,000 ids']);
    expect(client.status()).toMatchObject({ state: 'stopped', reason: 'at most 1,000 ids' });
    expect(server.network.peers).toHaveLength(1);
  });

  it('goes on waiting where the subscription may be taken later', async () => {
    const client = server.open();
    const peer = await server.accept();
    peer.send({ type: 'error', code: 'internal', message: 'a fault' });
    await settle();
    expect(client.status()).toMatchObject({ state: 'connecting' });
  });
});

describe('a loop over results', () => {
  it.each(['before', 'after'])('ends with the client, closed %s the next result is asked for', async (when) => {
    const [client] = await server.live(1, [note('a')]);
    const results = client.watch({ kind: 'note' })[Symbol.asyncIterator]();
    expect((await results.next()).value).toMatchObject([{ id: 'a' }]);
    if (when === 'before') await client.close();
    const next = results.next();
    await client.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('a device that says it is offline', () => {
  const page = globalThis as unknown as Record<string, unknown>;
  let window: EventTarget;
  beforeEach(() => {
    window = new EventTarget();
    page.document = new EventTarget();
    page.addEventListener = window.addEventListener.bind(window);
  });
  afterEach(() => {
    delete page.document;
    delete page.addEventListener;
  });

  it('is believed at once, and the network is tried all the same', async () => {
    const [client, peer] = await server.live();
    const states: string[] = [];
    client.on('sync:status', ({ state }) => states.push(state));
    window.dispatchEvent(new Event('offline'));
    expect(client.status()).toMatchObject({ state: 'offline', reason: expect.stringMatching(/device is offline/) });
    expect(peer.closedWith).toBe(4408);
    window.dispatchEvent(new Event('offline'));
    await server.accept();
    expect(states).toEqual(['offline', 'connecting']);
  });
});

describe('a token that ends', () => {
  afterEach(() => void jest.useRealTimers());

  it('is renewed on the open connection before it does, and not when that cannot be', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'], now: 0 });
    const asked: boolean[] = [];
    let token: string | Error = 'first';
    const client = server.open({
      heartbeatMs: 2 ** 30,
      principal: { tenant: 't', id: 'ann' },
      token: ({ renew }) => {
        asked.push(renew);
        if (token instanceof Error) throw token;
        return token;
      },
    });
    while (server.network.peers.length === 0) await settle();
    const { peer } = server.network;
    const success = (seconds: number): void =>
      peer.send({
        ...{ type: 'auth:success', clientId: 'c', principal: { tenant: 't', id: 'ann', roles: [] } },
        ...{ expiresAt: new Date(Date.now() + seconds * 1_000).toISOString(), epoch: 'e1', seq: 0 },
      });
    peer.send({ type: 'welcome', serverTime: new Date().toISOString(), authRequired: true });
    await settle();
    success(600);
    peer.send({ type: 'subscribed', epoch: 'e1', from: 0, head: 0 });
    peer.send({ type: 'sync:live', seq: 0 });
    await client.ready();
    expect(peer.take()).toMatchObject([{ type: 'auth', token: 'first' }, { type: 'subscribe' }]);

    token = 'second';
    await jest.advanceTimersByTimeAsync(470_000);
    peer.take();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(peer.take()).toContainEqual({ type: 'auth', token: 'second' });
    success(600);
    expect(client.status()).toMatchObject({ state: 'live' });

    token = new Error('no network');
    await jest.advanceTimersByTimeAsync(500_000);
    expect(peer.take().filter(({ type }) => type === 'auth')).toEqual([]);
    expect(asked).toEqual([false, true, true]);
    expect(peer.closedWith).toBeUndefined();
  });

  it('is not renewed where it is that of another, which stops the client', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'], now: 0 });
    const client = server.open({ principal: { tenant: 't', id: 'ann' }, token: () => 'of bob' });
    while (server.network.peers.length === 0) await settle();
    const { peer } = server.network;
    peer.send({ type: 'welcome', serverTime: new Date().toISOString(), authRequired: true });
    await settle();
    peer.send({
      ...{ type: 'auth:success', clientId: 'c', principal: { tenant: 't', id: 'bob', roles: [] } },
      ...{ expiresAt: new Date(600_000).toISOString(), epoch: 'e1', seq: 0 },
    });
    await settle();
    expect(client.status()).toMatchObject({ state: 'stopped' });
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a renewal that is not taken before the token ends', () => {
  afterEach(() => void jest.useRealTimers());

  it.each(['put off', 'overtaken'])('is followed by another attempt, and not by more: %s', async (how) => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'], now: 0 });
    const asked: boolean[] = [];
    const client = server.open({
      heartbeatMs: 2 ** 30,
      principal: { tenant: 't', id: 'ann' },
      token: ({ renew }) => String(asked.push(renew)),
    });
    const welcome = async (): Promise<MemoryPeer> => {
      const { peer } = server.network;
      peer.send({ type: 'welcome', serverTime: new Date().toISOString(), authRequired: true });
      await settle();
      return peer;
    };
    while (server.network.peers.length === 0) await settle();
    const first = await welcome();
    first.send({
      ...{ type: 'auth:success', clientId: 'c', principal: { tenant: 't', id: 'ann', roles: [] } },
      ...{ expiresAt: new Date(600_000).toISOString(), epoch: 'e1', seq: 0 },
    });
    replay(first, 0);
    await client.ready();
    await jest.advanceTimersByTimeAsync(480_000);
    expect(first.take()).toContainEqual({ type: 'auth', token: '2' });
    if (how === 'put off') first.send({ type: 'error', code: 'unavailable', message: 'not now', details: {} });
    first.close(4401, 'the token has expired');
    expect(client.status()).toMatchObject({ state: 'offline' });
    await jest.advanceTimersByTimeAsync(1_000);
    const second = await welcome();
    expect(second).not.toBe(first);
    expect(second.take()).toEqual([{ type: 'auth', token: '3' }]);
    expect(asked).toEqual([false, true, true]);
    second.close(4401, 'no');
    await jest.advanceTimersByTimeAsync(100_000);
    expect(server.network.peers).toHaveLength(2);
    expect(client.status()).toMatchObject({ state: 'stopped' });
  });
});

describe('a tab that another one has overtaken while it slept', () => {
  it('takes in nothing more over its old connection, and waits for its turn from where the others are', async () => {
    const tabs = new ScriptedTabs(memoryStore());
    const client = server.open({ store: tabs.store });
    await tabs.asked(1);
    tabs.grant();
    const peer = await server.accept();
    peer.send({ type: 'subscribed', epoch: 'e1', from: 0, head: 1 });
    frame(peer, 0, [created(1, note('a'))]);
    peer.send({ type: 'sync:live', seq: 1 });
    await client.ready();
    const cursor = { epoch: 'e1', seq: 9, hash: 'h9' };
    tabs.commit({ put: [note('a', { n: 9 }, 9)], place: { subscription: '{}', cursor, skewMs: 0, stamp: null } });
    const late = hear(client, 'sync:status');
    frame(peer, 1, [created(2, note('a', { n: 2 }, 2))]);
    await late;
    await tabs.asked(2);
    expect(peer.closedWith).toBe(1000);
    expect(await client.get('a')).toMatchObject({ version: 9 });
    tabs.grant();
    expect((await server.accept()).take()).toMatchObject([{ type: 'subscribe', since: 9 }]);
  });

  it('lets go when it is told so, and leads again when it may', async () => {
    const tabs = new ScriptedTabs(memoryStore());
    server.open({ store: tabs.store });
    await tabs.asked(1);
    tabs.grant();
    const peer = await server.accept();
    tabs.lose();
    expect(peer.closedWith).toBe(1000);
    await tabs.asked(2);
    expect(server.network.peers).toHaveLength(1);
    tabs.grant();
    await server.accept();
  });
});

it('asks for what it was made to hold, whatever becomes of the object that said so', async () => {
  const kinds = ['note'];
  const [, peer] = await server.live(1, [note('a')], { subscription: { kinds } });
  kinds.push('todo');
  peer.close(1006, '');
  expect((await server.accept()).take()).toMatchObject([{ type: 'subscribe', since: 1, kinds: ['note'] }]);
});

describe('a tab whose store another one fills for another subscription', () => {
  const place = (subscription: string): Checkpoint => ({
    cursor: { epoch: 'e1', seq: 9, hash: 'h9' },
    ...{ subscription, skewMs: 0, stamp: null },
  });

  it('says so, keeps what is written, and has its own data told once it leads', async () => {
    const tabs = new ScriptedTabs(memoryStore());
    const client = server.open({ store: tabs.store, subscription: { kinds: ['note'] } });
    const ready = client.ready().catch((thrown: unknown) => thrown);
    await tabs.asked(1);
    tabs.commit({ place: place('{"kinds":["todo"]}') });
    await settle();
    // nobody has said yet that they lead
    expect(client.status()).toMatchObject({ state: 'connecting' });
    tabs.say({ status: { state: 'live' } });
    const reason = expect.stringMatching(/another `subscription`.*`name` of its own/);
    expect(await ready).toMatchObject({ code: 'invalid', message: reason });
    await expect(client.waitFor(3)).rejects.toMatchObject({ code: 'invalid' });
    expect(client.status()).toMatchObject({ state: 'offline', nextAttemptAt: null, reason });
    const { opId } = await client.create({ kind: 'note', data: {} });
    const flushed = client.flush();
    tabs.commit({ settle: [opId] });
    await flushed;
    tabs.grant();
    const peer = await server.accept();
    replay(peer, 9, [note('a')]);
    await client.ready();
    expect(await client.list()).toMatchObject([{ id: 'a' }]);
    expect(client.status()).toMatchObject({ state: 'live' });
  });

  it('is none where the subscriptions are the same', async () => {
    const tabs = new ScriptedTabs(memoryStore());
    const client = server.open({ store: tabs.store, subscription: { kinds: ['note'] } });
    await tabs.asked(1);
    tabs.say({ status: { state: 'live' } });
    tabs.commit({ place: place('{"kinds":["note"]}') });
    await client.ready();
    expect(client.status()).toMatchObject({ state: 'live', lastSeq: 9 });
  });
});
