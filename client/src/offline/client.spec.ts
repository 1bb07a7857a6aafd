import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  created,
  frame,
  note,
  NOW,
  settle,
  subscribe,
  ScriptedServer,
} from '../../../test/support/clients/scripted-server.js';
import { memoryStore } from '../index.js';

let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

describe('a first start', () => {
  it('has everything told, shows it as it comes, and reads on from there', async () => {
    const client = server.open({ subscription: { kinds: ['note'] } });
    const heard = jest.fn();
    client.on('atome:created', heard);
    const peer = await server.accept();
    expect(peer.take()).toEqual([{ type: 'subscribe', since: 0, compact: true, kinds: ['note'] }]);
    subscribe(peer, 0, 7, { rights: 'r1' });
    frame(peer, 0, [created(3, note('a')), created(4, note('b'))], 4);
    expect(client.status()).toMatchObject({ state: 'catching-up', done: 4, total: 7, lastSeq: 0 });
    expect(await client.list()).toMatchObject([{ id: 'a' }, { id: 'b' }]);
    frame(peer, 4, [created(7, note('c'))], 7);
    peer.send({ type: 'sync:live', seq: 7 });
    await client.ready();
    expect((await client.list()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(client.status()).toEqual({
      ...{ state: 'live', pending: 0, rejected: 0, lastSeq: 7, clockSkewMs: 0 },
      storage: 'memory',
    });
    expect(heard).not.toHaveBeenCalled();

    peer.close(1012, 'the server goes down');
    expect((await server.accept()).take()).toEqual([
      { type: 'subscribe', epoch: 'e1', since: 7, hash: 'h7', rights: 'r1', kinds: ['note'] },
    ]);
  });

  it('goes on where it was cut off', async () => {
    const client = server.open();
    const peer = await server.accept();
    subscribe(peer, 0, 7, { rights: 'r1' });
    frame(peer, 0, [created(3, note('a')), created(4, note('b'))], 4);
    peer.close(1006, '');
    const again = await server.accept();
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

  it('goes on after a restart where it had come to, and keeps what it was told', async () => {
    const store = memoryStore();
    const first = server.open({ store });
    const peer = await server.accept();
    subscribe(peer, 0, 7, { rights: 'r1' });
    frame(peer, 0, [created(3, note('a')), created(4, note('b'))], 4);
    await first.close();
    const second = server.open({ store });
    const again = await server.accept();
    const from = { epoch: 'e1', since: 4, hash: 'h4', rights: 'r1' };
    expect(again.take()).toEqual([{ type: 'subscribe', ...from, compact: true }]);
    expect((await second.list()).map(({ id }) => id)).toEqual(['a', 'b']);
    subscribe(again, 4, 7);
    frame(again, 4, [created(7, note('c'))], 7);
    again.send({ type: 'sync:live', seq: 7 });
    await second.ready();
    expect((await second.list()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it.each(['other kinds', 'another ledger'])(
    'begins at 0 after a restart in the middle of a replay of %s',
    async (why) => {
      const store = memoryStore();
      const [first, live] = await server.live(3, [note('old'), note('a')], { store });
      const subscription = why === 'other kinds' ? { kinds: ['note'] } : {};
      let peer = live;
      if (why === 'other kinds') {
        await first.close();
        server.open({ store, subscription });
        peer = await server.accept();
      } else live.send({ type: 'sync:reset', reason: 'epoch', epoch: 'e2', head: 7 });
      subscribe(peer, 0, 7);
      frame(peer, 0, [created(4, note('a', { n: 2 }))], 4);
      await settle();
      const second = server.open({ store, subscription });
      const again = await server.accept();
      expect(again.take()).toMatchObject([{ since: 0, compact: true }]);
      subscribe(again, 0, 7);
      frame(again, 0, [created(4, note('a', { n: 2 }))], 7);
      again.send({ type: 'sync:live', seq: 7 });
      await second.ready();
      expect((await second.list()).map(({ id }) => id)).toEqual(['a']);
    },
  );

  it('begins anew when the ledger has become another meanwhile', async () => {
    const client = server.open();
    const peer = await server.accept();
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

  it('takes nothing of what answers a subscription that it made before', async () => {
    const [client, peer] = await server.live(5, [note('a'), note('b')]);
    peer.send({ type: 'sync:reset', reason: 'forked', epoch: 'e1', head: 7 });
    subscribe(peer, 5, 7);
    peer.send({ type: 'sync:live', seq: 7 });
    subscribe(peer, 0, 7);
    frame(peer, 0, [created(4, note('a')), created(7, note('c'))], 7);
    peer.send({ type: 'sync:live', seq: 7 });
    expect((await client.list()).map(({ id }) => id)).toEqual(['a', 'c']);
    expect(client.status()).toMatchObject({ state: 'live', lastSeq: 7 });
  });

  it('shows what is written before there is any connection', async () => {
    const client = server.open();
    const { id } = await client.create({ kind: 'note', data: { n: 1 } });
    expect(await client.get(id)).toMatchObject({ data: { n: 1 } });
    expect(client.status()).toMatchObject({ pending: 1 });
  });
});

describe('what the server takes away', () => {
  it('leaves the store: deleted, redacted, and out of reach', async () => {
    const store = memoryStore();
    const [client, peer] = await server.live(3, [note('a'), note('b'), note('c')], { store });
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
    const [client, peer] = await server.live(3, [note('a'), note('b')]);
    const { opId } = await client.create({ id: 'c', kind: 'note', data: {} });
    peer.send({ type: 'ack', opId, atomeId: 'c', seq: 4, version: 1 });
    peer.take();
    peer.send({ type: 'sync:reset', reason: 'access', epoch: 'e1', head: 4 });
    expect(peer.take()).toEqual([{ type: 'subscribe', since: 0, compact: true }]);
    subscribe(peer, 0, 4, { rights: 'r2' });
    frame(peer, 0, [created(2, note('b')), { type: 'atome:left', atomeId: 'a', reason: 'access', seq: 3 }], 4);
    // what the replay takes away goes at once, what it does not tell when it is whole
    expect((await client.list()).map(({ id }) => id)).toEqual(['b', 'c']);
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
    const [client, peer] = await server.live();
    frame(peer, 0, [created(1, note('a'))]);
    frame(peer, 0, [created(1, note('a', { wrong: true }))]);
    expect(await client.get('a')).toMatchObject({ data: {} });
    frame(peer, 5, [created(6, note('b'))]);
    expect(peer.take()).toEqual([{ type: 'subscribe', epoch: 'e1', since: 1, hash: 'h1' }]);
  });
});

describe('waiting', () => {
  it('ends with what was waited for', async () => {
    const [client, peer] = await server.live();
    const reached = client.waitFor(2);
    const { opId } = await client.create({ id: 'a', kind: 'note', data: {} });
    const flushed = client.flush();
    frame(peer, 0, [created(1, note('a'), opId), created(2, note('b'))]);
    await Promise.all([reached, flushed]);
  });

  it('ends with the client', async () => {
    const client = server.open();
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
    const client = server.open();
    await client.close();
    await expect(client.create({ kind: 'note', data: {} })).rejects.toMatchObject({ code: 'offline' });
  });

  it('gives each result to an iterator', async () => {
    const [client, peer] = await server.live();
    const results = client.watch({ kind: 'note' })[Symbol.asyncIterator]();
    expect((await results.next()).value).toEqual([]);
    frame(peer, 0, [created(1, note('a'))]);
    expect((await results.next()).value).toMatchObject([{ id: 'a' }]);
    await results.return?.();
  });

  it('calls back a subscriber at once, as Svelte wants it, and with the same array until it changes', async () => {
    const [client] = await server.live(1, [note('a')]);
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
    const [client, peer] = await server.live(0, [], { random: () => 0.5 });
    peer.close(1012, 'the server goes down');
    expect(client.status()).toMatchObject({
      state: 'offline',
      reason: 'the server goes down',
      nextAttemptAt: expect.any(Number),
    });
  });
});
