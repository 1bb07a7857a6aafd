import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Atome, AtomeEvent } from '../../src/protocol/index.js';
import { MemoryNetwork, type MemoryPeer } from './connection/memory-transport.js';
import { createClient, memoryStore, type Client, type ClientOptions, type Store } from './index.js';

const NOW = '2026-01-01T00:00:00.000Z';
const MESSAGE = 'of the application';

const note = (id: string): Atome => ({
  ...{ id, kind: 'todo', type: null, data: {}, meta: {}, parentId: null, ownerId: 'ada' },
  ...{ version: 1, createdAt: NOW, updatedAt: NOW, deletedAt: null },
});
const created = (seq: number, id: string, opId: string | null = null): AtomeEvent => ({
  ...{ type: 'atome:created', atome: note(id), seq, timestamp: NOW, sourceClient: null, opId },
});

let network: MemoryNetwork;
let client: Client;
let store: Store;
let errors: string[];
beforeEach(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  network = new MemoryNetwork();
  store = memoryStore();
  errors = [];
});
afterEach(async () => {
  jest.restoreAllMocks();
  await client.close();
});

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A client that is live at the beginning of an empty ledger. */
async function live(options: ClientOptions = {}): Promise<MemoryPeer> {
  client = createClient({ dial: network.dial, random: () => 0, store, ...options });
  client.on('sync:error', ({ error }) => errors.push(error.message));
  while (network.peers.length === 0) await settle();
  const { peer } = network;
  peer.send({ type: 'welcome', clientId: 'c', serverTime: NOW, protocol: 1, authRequired: false });
  peer.send({ type: 'subscribed', epoch: 'e', from: 0, head: 0 });
  peer.send({ type: 'sync:live', seq: 0 });
  await client.ready();
  peer.take();
  return peer;
}

const boom = (): never => {
  throw new Error(MESSAGE);
};
const rejects = (): Promise<never> => Promise.reject(new Error(MESSAGE));

/** What a Solid application does with `from(client.watch(query), [])` and a memo that reads it. */
function memo(live: { subscribe(run: (atomes: readonly unknown[]) => unknown): () => void }): void {
  let value: readonly unknown[] = [];
  const compute = (): unknown => value.map((each) => (each as { data: { title: string } }).data.title.toUpperCase());
  live.subscribe((atomes) => {
    value = atomes;
    compute();
  });
}

describe.each<[string, (client: Client) => unknown]>([
  ['a watch that throws', (each) => each.watch({}, (atomes) => atomes.length > 0 && boom())],
  ['a watch that rejects', (each) => each.watch({}, (atomes) => atomes.length > 0 && rejects())],
  ['a subscription that throws', (each) => each.watch({}).subscribe((atomes) => atomes.length > 0 && boom())],
  ['a memo of Solid that throws', (each) => memo(each.watch({ kind: 'todo' }))],
  ['a listener of all events that throws', (each) => each.on('*', ({ type }) => type === 'sync:pending' && boom())],
  ['a listener of the status that rejects', (each) => each.on('sync:status', rejects)],
])('%s', (_what, listen) => {
  it('is told of, and the write in hand and those after it are kept and sent', async () => {
    const peer = await live();
    listen(client);
    const { opId } = await client.create({ id: 'x', kind: 'todo', data: {} });
    await client.create({ id: 'y', kind: 'todo', data: {} });
    await settle();
    expect(peer.take()).toMatchObject([{ type: 'mutate', opId }, { atomeId: 'y' }]);
    expect(errors.length).toBeGreaterThan(0);
    await client.close();
    expect((await store.open()).outbox).toHaveLength(2);
  });

  it('is told of, and what others have written is kept with its place', async () => {
    const peer = await live();
    listen(client);
    peer.send({ type: 'events', from: 0, to: 2, hash: 'h', events: [created(1, 'a'), created(2, 'b')] });
    peer.send({ type: 'events', from: 2, to: 3, hash: 'i', events: [created(3, 'c')] });
    expect((await client.list()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    await client.close();
    const contents = await store.open();
    expect(contents.place!.cursor).toMatchObject({ seq: 3 });
    const kept: string[] = [];
    for await (const page of store.atomes()) kept.push(...page.map(({ id }) => id));
    expect(kept).toEqual(['a', 'b', 'c']);
  });
});

describe('a callback', () => {
  it('that closes the client from within leaves the frame in hand kept', async () => {
    const peer = await live();
    let closing: Promise<void> | undefined;
    client.watch({}, (atomes) => {
      if (atomes.length > 0) closing ??= client.close();
    });
    peer.send({ type: 'events', from: 0, to: 1, hash: 'h', events: [created(1, 'a')] });
    await closing;
    expect((await store.open()).place!.cursor).toMatchObject({ seq: 1 });
    expect(client.status().state).toBe('stopped');
  });

  it('that closes the client is the last to hear a status', async () => {
    await live();
    const states: string[] = [];
    client.on('sync:status', ({ state }) => states.push(state));
    const counts: number[] = [];
    client.on('sync:pending', ({ count }) => {
      counts.push(count);
      void client.close();
    });
    await client.create({ kind: 'todo', data: {} });
    await settle();
    expect(states.at(-1)).toBe('stopped');
    expect(counts).toEqual([1]);
  });

  it('that ends the watch of another is the last that is called', async () => {
    const peer = await live();
    const second = jest.fn();
    await client.list();
    const stops: (() => void)[] = [];
    client.watch({}, (atomes) => atomes.length > 0 && stops.forEach((stop) => stop()));
    stops.push(client.watch({}, second));
    await settle();
    second.mockClear();
    peer.send({ type: 'events', from: 0, to: 1, hash: 'h', events: [created(1, 'a')] });
    expect(second).not.toHaveBeenCalled();
  });

  it('is told to the platform, too, where that takes errors', async () => {
    const report = jest.fn();
    Object.assign(globalThis, { reportError: report });
    try {
      await live();
      client.watch({}, boom);
      await settle();
      expect(report).toHaveBeenCalledWith(expect.objectContaining({ message: MESSAGE }));
      expect(errors).toEqual([MESSAGE]);
      expect(console.error).not.toHaveBeenCalled();
    } finally {
      Reflect.deleteProperty(globalThis, 'reportError');
    }
  });

  it('of a query that cannot be asked ends nothing but itself', async () => {
    await live();
    client.watch({ where: Object.assign(boom, { toJSON: () => ({}) }) }, () => undefined);
    await client.create({ kind: 'todo', data: { n: 1 } });
    await settle();
    expect(errors.length).toBeGreaterThan(0);
    expect(client.status()).toMatchObject({ state: 'live', pending: 1 });
  });
});
