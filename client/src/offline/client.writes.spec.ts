import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AtomeEvent } from '../../../src/protocol/index.js';
import {
  created,
  frame,
  hear,
  note,
  replay,
  settle,
  ScriptedServer,
} from '../../../test/support/clients/scripted-server.js';
import { memoryStore, type Store } from '../index.js';

let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

describe('a write', () => {
  it('is sent when it is in the store, and confirmed by its event', async () => {
    const [client, peer] = await server.live();
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
    const commit = jest.fn<Store['commit']>((changes) => memory.commit(changes));
    const [client, peer] = await server.live(0, [], { store: { ...memory, commit } });
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
    const [client, peer] = await server.live();
    const heard: string[] = [];
    client.on('atome:created', ({ atome }) => heard.push(atome.id));
    const { opId } = await client.create({ id: 'mine', kind: 'note', data: {} });
    frame(peer, 0, [created(1, note('mine'), opId), created(2, note('theirs'), 'other')]);
    expect(heard).toEqual(['theirs']);
  });

  it('that changed nothing leaves with its answer', async () => {
    const [client, peer] = await server.live(3, [note('a', { n: 1 })]);
    const { opId } = await client.update('a', { n: 1 });
    peer.send({ type: 'ack', opId, atomeId: 'a', seq: 2, version: 1 });
    expect(client.status().pending).toBe(0);
  });

  it('whose event is hidden leaves when the cursor has passed it, and tells what it has lost', async () => {
    const [client, peer] = await server.live();
    const { opId } = await client.update('a', { n: 1 });
    const conflict = hear(client, 'sync:conflict');
    peer.send({ type: 'ack', opId, atomeId: 'a', seq: 5, version: 2, superseded: ['data.n'] });
    expect(client.status().pending).toBe(1);
    frame(peer, 0, [], 5);
    expect(client.status().pending).toBe(0);
    expect(await conflict).toMatchObject({ atomeId: 'a', superseded: ['data.n'] });
  });

  it('that is pending stays on top of what others do', async () => {
    const [client, peer] = await server.live(1, [note('a', { n: 1, m: 1 })]);
    await client.update('a', { n: 2 });
    frame(peer, 1, [{ ...created(2, note('a', { n: 9, m: 9 }, 2)), type: 'atome:updated' } as AtomeEvent]);
    expect(await client.get('a')).toMatchObject({ data: { n: 2, m: 9 }, version: 3 });
  });

  it('keeps nothing of the objects that it was given', async () => {
    const [client] = await server.live();
    const data = { list: [1] };
    const { id } = await client.create({ kind: 'note', data });
    data.list.push(2);
    expect(await client.get(id)).toMatchObject({ data: { list: [1] } });
  });

  it('that was refused can be discarded, and only once retried', async () => {
    const [client, peer] = await server.live();
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

describe('a store that fails', () => {
  const broken = (method: keyof Store): Store => ({
    ...memoryStore(),
    [method]: () => {
      throw new Error('the quota is used up');
    },
  });

  it.each<keyof Store>(['open', 'atomes', 'commit'])('in %s is told of, and memory takes its place', async (method) => {
    const client = server.open({ store: broken(method) });
    const failed = hear(client, 'sync:error');
    const { opId } = await client.create({ id: 'b', kind: 'note', data: {} });
    expect((await failed).error).toMatchObject({ code: 'storage', message: expect.stringContaining('quota') });
    const peer = await server.accept();
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
    const client = server.open({ store });
    expect(await client.create({ id: 'a', kind: 'note', data: {} })).not.toHaveProperty('durable');
    isFull = true;
    const together = await Promise.all([client.update('a', { n: 1 }), client.update('a', { n: 2 })]);
    expect(together.map(({ durable }) => durable)).toEqual([false, false]);
    isFull = false;
    expect(await client.rename('a', 'still in memory')).toHaveProperty('durable', false);
    expect((await memory.open()).outbox).toHaveLength(1);
  });
});
