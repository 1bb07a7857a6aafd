import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { hear, note, created, frame, ScriptedServer, settle } from '../../../test/support/clients/scripted-server.js';
import { memoryStore, type Changes, type Client, type Store } from '../index.js';

/** A store that can be broken and mended, and that keeps what it was given before. */
class FragileStore {
  readonly kept = memoryStore();
  broken = false;
  readonly store: Store = {
    ...this.kept,
    durable: undefined,
    open: async (...given) => {
      this.check();
      return this.kept.open(...given);
    },
    commit: async (changes) => {
      this.check();
      await this.kept.commit(changes);
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
const pass = (ms = 61_000): Promise<void> => jest.advanceTimersByTimeAsync(ms);
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
    fragile.broken = true;
    const client = server.open({ store: fragile.store });
    await create(client, 'now');
    expect(await contents(client)).toEqual(['now']);
    fragile.broken = false;
    await pass();
    expect((await contents(client)).sort()).toEqual(['before', 'now']);
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
