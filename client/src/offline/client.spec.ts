import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import { MemoryNetwork, type MemoryPeer } from '../connection/memory-transport.js';
import { createClient, memoryStore, type AnyEvent, type Client, type ClientOptions, type Store } from '../index.js';

const NOW = '2026-01-01T00:00:00.000Z';

const note = (id: string, data: Atome['data'] = {}, version = 1): Atome => ({
  id,
  kind: 'note',
  type: null,
  data,
  meta: {},
  parentId: null,
  ownerId: 'ada',
  version,
  createdAt: NOW,
  updatedAt: NOW,
  deletedAt: null,
});

const created = (seq: number, atome: Atome, opId: string | null = null): AtomeEvent => ({
  type: 'atome:created',
  atome,
  seq,
  timestamp: NOW,
  sourceClient: null,
  opId,
});

let network: MemoryNetwork;
let clients: Client[];

beforeEach(() => {
  network = new MemoryNetwork();
  clients = [];
});
afterEach(() => Promise.all(clients.map((client) => client.close())));

function open(options: ClientOptions = {}): Client {
  const client = createClient({ dial: network.dial, random: () => 0, ...options });
  clients.push(client);
  return client;
}

/** Resolves when an event has come. */
function hear<Type extends AnyEvent['type']>(client: Client, type: Type): Promise<Extract<AnyEvent, { type: Type }>> {
  return new Promise((resolve) => {
    const stop = client.on('*', (event) => {
      if (event.type !== type) return;
      stop();
      resolve(event as Extract<AnyEvent, { type: Type }>);
    });
  });
}

/** Lets everything run that waits for nothing outside. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Connects the newest attempt of a client, as a server does. */
async function accept(): Promise<MemoryPeer> {
  while (!network.peers.some(({ received, closedWith }) => closedWith === undefined && received.length === 0))
    await settle();
  const { peer } = network;
  peer.send({
    type: 'welcome',
    clientId: 'c1',
    serverTime: new Date().toISOString(),
    protocol: 1,
    authRequired: false,
  });
  return peer;
}

/** Answers a subscription from a place on. */
function subscribe(peer: MemoryPeer, from: number, head = from, more: object = {}): void {
  peer.send({ type: 'subscribed', epoch: 'e1', from, head, ...more });
}

/** Tells everything from the beginning, as to a client without a cursor. */
function replay(peer: MemoryPeer, seq: number, atomes: readonly Atome[] = []): void {
  subscribe(peer, 0, seq);
  const events = atomes.map((atome, i) => created(seq - atomes.length + i + 1, atome));
  if (seq > 0) frame(peer, 0, events, seq);
  peer.send({ type: 'sync:live', seq });
}

/** A client that is live at a seq, with these atomes. */
async function live(
  seq = 0,
  atomes: readonly Atome[] = [],
  options: ClientOptions = {},
): Promise<[Client, MemoryPeer]> {
  const client = open(options);
  const peer = await accept();
  replay(peer, seq, atomes);
  await client.ready();
  peer.take();
  return [client, peer];
}

function frame(peer: MemoryPeer, from: number, events: readonly AtomeEvent[], to = from + events.length): void {
  peer.send({ type: 'events', from, to, hash: `h${to}`, events });
}

describe('a first start', () => {
  it('has everything told, shows it when it is whole, and reads on from there', async () => {
    const client = open({ subscription: { kinds: ['note'] } });
    const heard = jest.fn();
    client.on('atome:created', heard);
    const peer = await accept();
    expect(peer.take()).toEqual([{ type: 'subscribe', since: 0, compact: true, kinds: ['note'] }]);
    subscribe(peer, 0, 7, { rights: 'r1' });
    frame(peer, 0, [created(3, note('a')), created(4, note('b'))], 4);
    expect(client.status()).toMatchObject({ state: 'catching-up', done: 4, total: 7, lastSeq: 0 });
    expect(await client.list()).toEqual([]);
    frame(peer, 4, [created(7, note('c'))], 7);
    peer.send({ type: 'sync:live', seq: 7 });
    await client.ready();
    expect((await client.list()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(client.status()).toEqual({ state: 'live', pending: 0, rejected: 0, lastSeq: 7, clockSkewMs: 0 });
    expect(heard).not.toHaveBeenCalled();

    peer.close(1012, 'the server goes down');
    expect((await accept()).take()).toEqual([
      { type: 'subscribe', epoch: 'e1', since: 7, hash: 'h7', rights: 'r1', kinds: ['note'] },
    ]);
  });

  it('goes on where it was cut off', async () => {
    const client = open();
    const peer = await accept();
    subscribe(peer, 0, 7, { rights: 'r1' });
    frame(peer, 0, [created(3, note('a')), created(4, note('b'))], 4);
    peer.close(1006, '');
    const again = await accept();
    const from = { epoch: 'e1', since: 4, hash: 'h4', rights: 'r1' };
    expect(again.take()).toEqual([{ type: 'subscribe', ...from, compact: true }]);
    subscribe(again, 4, 8);
    const deleted = {
      type: 'atome:deleted',
      atomeId: 'a',
      seq: 8,
      timestamp: NOW,
      sourceClient: null,
      opId: null,
    } as const;
    frame(again, 4, [created(7, note('c')), deleted], 8);
    again.send({ type: 'sync:live', seq: 8 });
    await client.ready();
    expect((await client.list()).map(({ id }) => id)).toEqual(['b', 'c']);
  });

  it('begins anew when the ledger has become another meanwhile', async () => {
    const client = open();
    const peer = await accept();
    subscribe(peer, 0, 7);
    frame(peer, 0, [created(4, note('a'))], 4);
    peer.send({ type: 'sync:reset', reason: 'epoch', epoch: 'e2', head: 1 });
    expect(peer.take()).toEqual([expect.anything(), { type: 'subscribe', since: 0, compact: true }]);
    peer.send({ type: 'subscribed', epoch: 'e2', from: 0, head: 1 });
    frame(peer, 0, [created(1, note('b'))]);
    peer.send({ type: 'sync:live', seq: 1 });
    await client.ready();
    expect((await client.list()).map(({ id }) => id)).toEqual(['b']);
  });

  it('shows what is written before there is any connection', async () => {
    const client = open();
    const { id } = await client.create({ kind: 'note', data: { n: 1 } });
    expect(await client.get(id)).toMatchObject({ data: { n: 1 } });
    expect(client.status()).toMatchObject({ pending: 1 });
  });
});

describe('a write', () => {
  it('is sent when it is in the store, and confirmed by its event', async () => {
    const [client, peer] = await live();
    const { id, opId } = await client.create({ id: 'a', kind: 'note', type: 'memo', data: { n: 1 } });
    const [sent] = peer.take();
    expect(sent).toEqual({
      ...{ type: 'mutate', opId, operation: 'create', atomeId: id, kind: 'note', atomeType: 'memo', data: { n: 1 } },
      hlc: expect.any(String),
    });
    peer.send({ type: 'ack', opId, atomeId: id, seq: 1, version: 1 });
    expect(client.status().pending).toBe(1);
    frame(peer, 0, [created(1, { ...note('a', { n: 1 }), type: 'memo' }, opId)]);
    expect(client.status()).toMatchObject({ pending: 0, lastSeq: 1 });
  });

  it('that its event has confirmed is not confirmed to the store once more by its answer', async () => {
    const memory = memoryStore();
    const commit = jest.fn(memory.commit);
    const [client, peer] = await live(0, [], { store: { ...memory, commit } });
    const { id, opId } = await client.create({ id: 'a', kind: 'note', data: {} });
    frame(peer, 0, [created(1, note('a'), opId)]);
    await settle();
    const before = commit.mock.calls.length;
    peer.send({ type: 'ack', opId, atomeId: id, seq: 1, version: 1 });
    await settle();
    expect(commit).toHaveBeenCalledTimes(before);
    expect(client.status()).toMatchObject({ pending: 0, lastSeq: 1 });
  });

  it('is not told to the own listeners, but what others do is', async () => {
    const [client, peer] = await live();
    const heard: string[] = [];
    client.on('atome:created', ({ atome }) => heard.push(atome.id));
    const { opId } = await client.create({ id: 'mine', kind: 'note', data: {} });
    frame(peer, 0, [created(1, note('mine'), opId), created(2, note('theirs'), 'other')]);
    expect(heard).toEqual(['theirs']);
  });

  it('that changed nothing leaves with its answer', async () => {
    const [client, peer] = await live(3, [note('a', { n: 1 })]);
    const { opId } = await client.update('a', { n: 1 });
    peer.send({ type: 'ack', opId, atomeId: 'a', seq: 2, version: 1 });
    expect(client.status().pending).toBe(0);
  });

  it('whose event is hidden leaves when the cursor has passed it, and tells what it has lost', async () => {
    const [client, peer] = await live();
    const { opId } = await client.update('a', { n: 1 });
    const conflict = hear(client, 'sync:conflict');
    peer.send({ type: 'ack', opId, atomeId: 'a', seq: 5, version: 2, superseded: ['data.n'] });
    expect(client.status().pending).toBe(1);
    frame(peer, 0, [], 5);
    expect(client.status().pending).toBe(0);
    expect(await conflict).toMatchObject({ atomeId: 'a', superseded: ['data.n'] });
  });

  it('that is pending stays on top of what others do', async () => {
    const [client, peer] = await live(1, [note('a', { n: 1, m: 1 })]);
    await client.update('a', { n: 2 });
    frame(peer, 1, [{ ...created(2, note('a', { n: 9, m: 9 }, 2)), type: 'atome:updated' } as AtomeEvent]);
    expect(await client.get('a')).toMatchObject({ data: { n: 2, m: 9 }, version: 3 });
  });

  it('keeps nothing of the objects that it was given', async () => {
    const [client] = await live();
    const data = { list: [1] };
    const { id } = await client.create({ kind: 'note', data });
    data.list.push(2);
    expect(await client.get(id)).toMatchObject({ data: { list: [1] } });
  });

  it('that was refused can be discarded, and only once retried', async () => {
    const [client, peer] = await live();
    const error = { code: 'forbidden', message: 'no', status: 403, retryable: false } as const;
    const { opId } = await client.create({ kind: 'note', data: {} });
    const rejected = hear(client, 'sync:rejected');
    peer.send({ type: 'nack', opId, error });
    expect(await rejected).toMatchObject({ operation: { opId }, error });
    expect(client.status()).toMatchObject({ pending: 0, rejected: 1 });
    await client.discard(opId);
    expect(client.status()).toMatchObject({ rejected: 0 });
    await expect(client.retry(opId)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('what the server takes away', () => {
  it('leaves the store: deleted, redacted, and out of reach', async () => {
    const store = memoryStore();
    const [client, peer] = await live(3, [note('a'), note('b'), note('c')], { store });
    const deleted = { type: 'atome:deleted', timestamp: NOW, sourceClient: null, opId: null } as const;
    frame(peer, 3, [
      { ...deleted, atomeId: 'a', seq: 4 },
      { ...deleted, atomeId: 'b', seq: 5, redacted: true },
      { type: 'atome:left', atomeId: 'c', reason: 'access', seq: 6 },
    ]);
    expect(await client.list()).toEqual([]);
    await client.close();
    const [page] = [await store.atomes()[Symbol.asyncIterator]().next()];
    expect(page.value).toEqual([]);
  });

  it('when its rights have changed, is found out by having everything told again', async () => {
    const [client, peer] = await live(3, [note('a'), note('b')]);
    const { opId } = await client.create({ id: 'c', kind: 'note', data: {} });
    peer.send({ type: 'ack', opId, atomeId: 'c', seq: 4, version: 1 });
    peer.take();
    peer.send({ type: 'sync:reset', reason: 'access', epoch: 'e1', head: 4 });
    expect(peer.take()).toEqual([{ type: 'subscribe', since: 0, compact: true }]);
    subscribe(peer, 0, 4, { rights: 'r2' });
    frame(peer, 0, [created(2, note('b')), { type: 'atome:left', atomeId: 'a', reason: 'access', seq: 3 }], 4);
    // until all is told, what was there is shown
    expect((await client.list()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(peer.take()).toEqual([]);
    peer.send({ type: 'sync:live', seq: 4 });
    expect((await client.list()).map(({ id }) => id)).toEqual(['b', 'c']);
    // what was acknowledged before may be lost with the old ledger: it is sent again
    expect(peer.take()).toMatchObject([{ type: 'mutate', opId }]);
    peer.send({ type: 'ack', opId, atomeId: 'c', seq: 4, version: 1, duplicate: true });
    expect(client.status().pending).toBe(0);
  });
});

describe('a frame', () => {
  it('that is known is dropped, and one that leaves something out is asked for again', async () => {
    const [client, peer] = await live();
    frame(peer, 0, [created(1, note('a'))]);
    frame(peer, 0, [created(1, note('a', { wrong: true }))]);
    expect(await client.get('a')).toMatchObject({ data: {} });
    frame(peer, 5, [created(6, note('b'))]);
    expect(peer.take()).toEqual([{ type: 'subscribe', epoch: 'e1', since: 1, hash: 'h1' }]);
  });
});

describe('a store that fails', () => {
  const broken = (method: keyof Store): Store => ({
    ...memoryStore(),
    [method]: () => {
      throw new Error('the quota is used up');
    },
  });

  it.each<keyof Store>(['open', 'atomes', 'commit'])('in %s is told of, and memory takes its place', async (method) => {
    const client = open({ store: broken(method) });
    const failed = hear(client, 'sync:error');
    const { opId } = await client.create({ id: 'b', kind: 'note', data: {} });
    expect((await failed).error).toMatchObject({ code: 'storage', message: expect.stringContaining('quota') });
    const peer = await accept();
    replay(peer, 1, [note('a')]);
    await client.ready();
    expect(peer.take()).toMatchObject([{}, { type: 'mutate', opId }]);
    expect(await client.list()).toHaveLength(2);
    expect(await client.update('b', { n: 1 })).toMatchObject({ success: true, durable: false });
  });

  it('later on does not say of what it has not kept that it has', async () => {
    let isFull = false;
    const memory = memoryStore();
    const store: Store = {
      ...memory,
      commit: (changes) => (isFull ? Promise.reject(new Error('the quota is used up')) : memory.commit(changes)),
    };
    const client = open({ store });
    expect(await client.create({ id: 'a', kind: 'note', data: {} })).not.toHaveProperty('durable');
    isFull = true;
    const together = await Promise.all([client.update('a', { n: 1 }), client.update('a', { n: 2 })]);
    expect(together.map(({ durable }) => durable)).toEqual([false, false]);
    isFull = false;
    expect(await client.rename('a', 'still in memory')).toHaveProperty('durable', false);
    expect((await memory.open()).outbox).toHaveLength(1);
  });
});

describe('waiting', () => {
  it('ends with what was waited for', async () => {
    const [client, peer] = await live();
    const reached = client.waitFor(2);
    const { opId } = await client.create({ id: 'a', kind: 'note', data: {} });
    const flushed = client.flush();
    frame(peer, 0, [created(1, note('a'), opId), created(2, note('b'))]);
    await Promise.all([reached, flushed]);
  });

  it('ends with the client', async () => {
    const client = open();
    const waiting = [client.ready(), client.waitFor(1)];
    const ends = expect(Promise.allSettled(waiting)).resolves.toMatchObject([
      { status: 'rejected', reason: { code: 'offline' } },
      { status: 'rejected', reason: { code: 'offline' } },
    ]);
    await client.close();
    await ends;
    expect(client.status()).toMatchObject({ state: 'stopped' });
  });

  it('is not for writes to a client that was closed: they are refused', async () => {
    const client = open();
    await client.close();
    await expect(client.create({ kind: 'note', data: {} })).rejects.toMatchObject({ code: 'offline' });
  });

  it('gives each result to an iterator', async () => {
    const [client, peer] = await live();
    const results = client.watch({ kind: 'note' })[Symbol.asyncIterator]();
    expect((await results.next()).value).toEqual([]);
    frame(peer, 0, [created(1, note('a'))]);
    expect((await results.next()).value).toMatchObject([{ id: 'a' }]);
    await results.return?.();
  });

  it('calls back a subscriber at once, as Svelte wants it, and with the same array until it changes', async () => {
    const [client] = await live(1, [note('a')]);
    const query = client.watch({ kind: 'note' });
    const seen: number[] = [];
    const stop = query.subscribe((atomes) => seen.push(atomes.length));
    expect(seen).toEqual([0]);
    await client.list();
    expect(seen).toEqual([0, 1]);
    expect(query.getSnapshot()).toBe(query.getSnapshot());
    stop();
    await client.create({ kind: 'note', data: {} });
    expect(seen).toEqual([0, 1]);
  });
});

describe('the status', () => {
  it('says when it is tried again, and why not now', async () => {
    const [client, peer] = await live(0, [], { random: () => 0.5 });
    peer.close(1012, 'the server goes down');
    expect(client.status()).toMatchObject({
      state: 'offline',
      reason: 'the server goes down',
      nextAttemptAt: expect.any(Number),
    });
  });
});
