import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { hear, note, created, frame, ScriptedServer, settle } from '../../../test/support/clients/scripted-server.js';
import { Gate } from '../../../test/support/gate.js';
import type { ErrorBody } from '../../../src/protocol/index.js';
import { memoryStore, type Changes, type Client, type Store } from '../index.js';

const FORBIDDEN: ErrorBody = { code: 'forbidden', message: 'no', status: 403, retryable: false };

/** A store that can be broken and mended, and that keeps what it was given before. */
class FragileStore {
  kept = memoryStore();
  broken = false;
  /** Another tab moves the checkpoint whenever this one opens the store: it takes no other one. */
  overtaken = false;
  readonly store: Store = {
    ...this.kept,
    durable: undefined,
    open: async (...given) => {
      this.check();
      return this.kept.open(...given);
    },
    commit: async (changes) => {
      this.check();
      await this.kept.commit(this.overtaken ? changes.filter(({ place }) => !place) : changes);
    },
  };

  private check(): void {
    if (this.broken) throw new Error('no space');
  }
}

let server: ScriptedServer;
let fragile: FragileStore;
let contents: (client: Client) => Promise<string[]>;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  server = new ScriptedServer();
  fragile = new FragileStore();
  contents = async (client) => (await client.list()).map(({ id }) => id);
});
afterEach(async () => {
  jest.useRealTimers();
  await server.close();
});

/** Lets the time pass in which a broken store is tried again. */
async function pass(ms = 61_000): Promise<void> {
  // what mends it is read from the disk, for which no fake time waits
  await import('./deferred.js');
  await jest.advanceTimersByTimeAsync(ms);
}
const create = (client: Client, id: string): Promise<object> => client.create({ id, kind: 'note', data: {} });

describe('a store that fails and is well again', () => {
  it('gets what was written meanwhile, with what there was, and says what it keeps at each moment', async () => {
    const [client] = await server.live(1, [note('a')], { store: fragile.store });
    expect(client.status()).toMatchObject({ storage: 'durable' });
    fragile.broken = true;
    expect(await create(client, 'b')).toMatchObject({ success: true, durable: false });
    expect(client.status()).toMatchObject({ storage: 'failing', storageError: 'no space' });
    await pass();
    expect(client.status()).toMatchObject({ storage: 'failing' });
    fragile.broken = false;
    await pass();
    expect(client.status()).toMatchObject({ storage: 'durable' });
    expect(client.status()).not.toHaveProperty('storageError');
    expect(await create(client, 'c')).not.toHaveProperty('durable');
    await client.close();
    const again = server.open({ store: fragile.store });
    expect((await contents(again)).sort()).toEqual(['a', 'b', 'c']);
    expect(again.status()).toMatchObject({ pending: 2, lastSeq: 1 });
  });

  it('forgets in it what was confirmed meanwhile, and takes nothing of it for new', async () => {
    const [client, peer] = await server.live(0, [], { store: fragile.store });
    const { opId } = await client.create({ id: 'a', kind: 'note', data: {} });
    fragile.broken = true;
    frame(peer, 0, [created(1, note('a'), opId)]);
    await client.waitFor(1);
    await settle();
    fragile.broken = false;
    await pass();
    expect(client.status()).toMatchObject({ storage: 'durable', pending: 0 });
    const { outbox } = await fragile.kept.open();
    expect(outbox).toEqual([]);
  });

  it('shows and sends what it kept before, where it could not be opened at first', async () => {
    const first = server.open({ store: fragile.store });
    await create(first, 'before');
    await first.close();
    // names of one millisecond, by two clocks, are in any order
    await pass(1);
    fragile.broken = true;
    const client = server.open({ store: fragile.store });
    await create(client, 'now');
    expect(await contents(client)).toEqual(['now']);
    fragile.broken = false;
    await pass();
    expect((await contents(client)).sort()).toEqual(['before', 'now']);
    expect((await client.pending()).map(({ operation }) => operation.atomeId)).toEqual(['before', 'now']);
    expect(client.status()).toMatchObject({ storage: 'durable', pending: 2 });
  });

  it('goes on from the copy in it, where nothing else was known', async () => {
    const [first] = await server.live(7, [note('a'), note('b')], { store: fragile.store });
    await first.close();
    fragile.broken = true;
    const client = server.open({ store: fragile.store });
    await create(client, 'now');
    fragile.broken = false;
    await pass();
    expect((await contents(client)).sort()).toEqual(['a', 'b', 'now']);
    expect(client.status()).toMatchObject({ lastSeq: 7, storage: 'durable' });
  });

  it('is shown once each, and whole, to queries that begin while its copy is read', async () => {
    const [first] = await server.live(7, [note('a'), note('b')], { store: fragile.store });
    await first.close();
    const reading = new Gate();
    fragile.broken = true;
    const client = server.open({
      store: {
        ...fragile.store,
        async *atomes() {
          yield [note('a')];
          await reading.pass();
          yield [note('b')];
        },
      },
    });
    await create(client, 'now');
    fragile.broken = false;
    await pass();
    await reading.reached;
    const told: string[][] = [];
    client.watch({ limit: 9 }, (atomes) => told.push(atomes.map(({ id }) => id)));
    reading.open();
    await settle();
    expect(told.at(-1)).toEqual(['a', 'b', 'now']);
  });

  it('gets what was written meanwhile also where another tab moves its checkpoint in that moment', async () => {
    const [client, peer] = await server.live(1, [note('a')], { store: fragile.store });
    const kept = await client.create({ id: 'kept', kind: 'note', data: {} });
    fragile.broken = true;
    await create(client, 'now');
    peer.send({ type: 'nack', opId: kept.opId, error: FORBIDDEN });
    await settle();
    fragile.broken = false;
    fragile.overtaken = true;
    await pass();
    expect(client.status()).toMatchObject({ storage: 'durable' });
    const { outbox, rejected } = await fragile.kept.open();
    expect(outbox.map(({ atomeId }) => atomeId)).toEqual(['now']);
    expect(rejected.map(({ operation }) => operation.atomeId)).toEqual(['kept']);
  });

  describe('and that had more than one', () => {
    let client: Client;
    let ids: Record<string, string>;
    beforeEach(async () => {
      ids = {};
      const [live, peer] = await server.live(1, [note('a')], { store: fragile.store });
      client = live;
      for (const id of ['taken', 'left', 'refused'])
        ids[id] = (await client.create({ id, kind: 'note', data: {} })).opId;
      peer.send({ type: 'nack', opId: ids.refused!, error: FORBIDDEN });
      await settle();
      expect(client.status()).toMatchObject({ pending: 2, rejected: 1 });
      fragile.broken = true;
      await create(client, 'now');
    });

    it('brings nothing back that another tab has taken out of it meanwhile', async () => {
      await fragile.kept.commit([{ settle: [ids.taken!], dismiss: [ids.refused!] }]);
      fragile.broken = false;
      await pass();
      expect(client.status()).toMatchObject({ storage: 'durable', pending: 2, rejected: 0 });
      expect((await contents(client)).sort()).toEqual(['a', 'left', 'now']);
      const { outbox, rejected } = await fragile.kept.open();
      expect([outbox.map(({ atomeId }) => atomeId), rejected]).toEqual([['left', 'now'], []]);
    });

    it('gets all there is where it is a new one', async () => {
      fragile.kept = memoryStore();
      fragile.broken = false;
      await pass();
      expect(client.status()).toMatchObject({ storage: 'durable', pending: 3, rejected: 1 });
      const { outbox, rejected } = await fragile.kept.open();
      expect(outbox.map(({ atomeId }) => atomeId)).toEqual(['taken', 'left', 'now']);
      expect(rejected.map(({ operation }) => operation.atomeId)).toEqual(['refused']);
    });
  });

  it('is not written to where it belongs to somebody else by then', async () => {
    const [client] = await server.live(0, [], { store: fragile.store });
    fragile.broken = true;
    await create(client, 'ours');
    const place = { cursor: null, subscription: '{}', skewMs: null, stamp: null, owner: 'h t bob' };
    await fragile.kept.commit([{ place } satisfies Changes]);
    fragile.store.open = () => Promise.resolve({ place, outbox: [], rejected: [] });
    fragile.broken = false;
    await pass();
    expect(client.status()).toMatchObject({ storage: 'failing', pending: 1 });
  });

  it('holds up neither the end of a client, nor is it tried behind it', async () => {
    const [client] = await server.live(0, [], { store: fragile.store });
    fragile.broken = true;
    await create(client, 'a');
    await client.close();
    const open = jest.spyOn(fragile.store, 'open');
    await pass();
    expect(open).not.toHaveBeenCalled();
  });
});

describe('what is kept', () => {
  it('is said to be in memory where there is no store', () => {
    expect(server.open().status()).toMatchObject({ storage: 'memory' });
    expect(server.open({ store: memoryStore() }).status()).toMatchObject({ storage: 'memory' });
  });
});

describe('a record of the outbox that is no write', () => {
  it.each([
    [{ opId: 'rubbish' }],
    [{ opId: '01900000-0000-7000-8000-000000000000', operation: 'update' }],
    [{ opId: '01900000-0000-7000-8000-000000000000', operation: 7, atomeId: 'a' }],
  ])('is set aside, and the others are sent: %j', async (rubbish) => {
    const store = memoryStore();
    const first = server.open({ store });
    await create(first, 'a');
    await first.close();
    await store.commit([{ append: [rubbish as never] }]);
    const errors: Error[] = [];
    for (const start of ['first', 'second']) {
      const client = server.open({ store });
      client.on('sync:error', ({ error }) => errors.push(error));
      expect([start, await contents(client)]).toEqual([start, ['a']]);
      // what sets it aside comes in the second file
      await import('./deferred.js');
      await settle();
      expect(client.status()).toMatchObject({ pending: 1, rejected: 1, storage: 'memory' });
      expect(await client.rejected()).toMatchObject([{ operation: rubbish, error: { code: 'invalid' } }]);
      await client.close();
    }
    expect(errors).toEqual([]);
  });

  it('can be forgotten', async () => {
    const store = memoryStore();
    const first = server.open({ store });
    await first.list();
    await first.close();
    await store.commit([{ append: [{ opId: 'rubbish' } as never] }]);
    const client = server.open({ store });
    await hear(client, 'sync:rejected');
    await client.discard('rubbish');
    expect(await client.rejected()).toEqual([]);
  });
});
