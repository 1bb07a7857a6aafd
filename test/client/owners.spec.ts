import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createClient,
  indexedDbStore,
  memoryStore,
  type Client,
  type ClientOptions,
  type Store,
} from '../../client/src/index.js';
import { sqliteStore } from '../../client/src/sqlite.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { withIndexedDb } from '../support/browser/indexed-db.js';
import { AT_ONCE, next } from '../support/clients/offline.js';

withIndexedDb();

/** A place of which nobody is served. */
const NOBODY = 'http://127.0.0.1:1';
const SECRET = { id: 'diary', kind: 'note', data: { text: 'of alice' }, access: 'private' } as const;

const of = (name: string, tenant = 'acme'): string => tokenOf('writer', { sub: name, tenant });

/** A folder or a profile that several users have one after the other: what an application opens at each start. */
const PLACES: readonly (readonly [
  name: string,
  make: () => { readonly open: () => Store; readonly drop: () => void },
])[] = [
  [
    'memory',
    () => {
      const store = memoryStore();
      return { open: () => store, drop: () => undefined };
    },
  ],
  [
    'IndexedDB',
    () => {
      const name = randomUUID();
      return { open: () => indexedDbStore({ name }), drop: () => undefined };
    },
  ],
  [
    'SQLite',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'atome-owners-'));
      return {
        open: () => sqliteStore({ path: join(folder, 'notes.db') }),
        drop: () => rmSync(folder, { recursive: true }),
      };
    },
  ],
];

describe.each(PLACES)('users who share a store in %s', (where, make) => {
  let server: TestApp;
  let place: ReturnType<typeof make>;
  let clients: Client[];
  beforeAll(async () => {
    server = await startApp(WITH_TOKENS);
  });
  afterAll(() => server.close());
  beforeEach(() => {
    place = make();
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    place.drop();
  });

  function start(token: ClientOptions['token'], more: ClientOptions = {}): Client {
    const client = createClient({ url: server.url, reconnect: AT_ONCE, store: place.open(), token, ...more });
    clients.push(client);
    return client;
  }

  /** The same server, but the wires are cut. */
  const offline: ClientOptions = { dial: (_url, events) => (queueMicrotask(() => events.closed(1006, 'cut')), WIRE) };
  const WIRE = { send: () => undefined, close: () => undefined };

  const ids = async (client: Client): Promise<string[]> => (await client.list()).map(({ id }) => id);
  const fresh = (): typeof SECRET => ({ ...SECRET, id: randomUUID() as never });

  it('see, show and send nothing of each other, and each finds their own again', async () => {
    const secret = fresh();
    const first = start(of('alice'), offline);
    await first.create(secret);
    await first.close();

    const bobOffline = start(of('bob'), offline);
    expect(await ids(bobOffline)).toEqual([]);
    expect(bobOffline.status()).toMatchObject({ pending: 0, lastSeq: 0 });
    const ofBob = await bobOffline.create({ kind: 'note', data: { text: 'of bob' }, access: 'private' });
    await bobOffline.close();

    const bob = start(of('bob'));
    await bob.ready();
    await bob.flush();
    expect(await ids(bob)).toEqual([ofBob.id]);
    expect(await bob.get(ofBob.id)).toMatchObject({ ownerId: 'bob' });
    await bob.close();

    const again = start(of('alice'), offline);
    expect(await ids(again)).toEqual([secret.id]);
    await again.close();
    const alice = start(of('alice'));
    await alice.ready();
    await alice.flush();
    expect(await alice.get(secret.id)).toMatchObject({ ownerId: 'alice', data: SECRET.data });
    expect(await alice.get(ofBob.id)).toBeNull();
  });

  it('are told apart by tenant and by server, too, and those without a token are one of them', async () => {
    const who: [ClientOptions['token'], ClientOptions][] = [
      [of('alice'), offline],
      [of('alice', 'other'), offline],
      [of('alice'), { ...offline, url: NOBODY }],
      [undefined, offline],
      [() => null, { ...offline, url: NOBODY }],
    ];
    for (const [n, [token, more]] of who.entries()) {
      const client = start(token, more);
      expect(await ids(client)).toEqual([]);
      await client.create({ id: `of-${n}`, kind: 'note', data: {} });
      await client.close();
    }
    for (const [n, [token, more]] of who.entries()) {
      const client = start(token, more);
      expect(await ids(client)).toEqual([`of-${n}`]);
      await client.close();
    }
  });

  it('are not shown to each other before the server has said who they are, where the token does not', async () => {
    const alice = start(of('alice'), offline);
    await alice.create(fresh());
    await alice.close();
    let failing = true;
    const bob = start(() => (failing ? Promise.reject(new Error('no network')) : of('carol')));
    const shown: unknown[] = [];
    bob.watch({}, (atomes) => shown.push(atomes));
    await next(bob, 'sync:error', ({ error }) => error.message.includes('no network'));
    expect(shown).toEqual([]);
    failing = false;
    await bob.ready();
    expect(await ids(bob)).toEqual([]);
    expect(bob.status()).toMatchObject({ state: 'live', pending: 0 });
  });

  it.each([
    ['a', 'a~1'],
    ['b~1', 'b'],
    ['c~', 'c~~1'],
    [`d${'x'.repeat(60)}Aa`, `d${'x'.repeat(60)}BB`],
    [`Aa${'x'.repeat(60)}`, `BB${'x'.repeat(60)}`],
  ])('are told apart where their names look like those of other stores: %s and %s', async (...names) => {
    // the first user of all has the name itself
    for (const [n, name] of ['first', ...names].entries()) {
      const client = start(of(name), offline);
      expect(await ids(client)).toEqual([]);
      await client.create({ id: `of-${n}`, kind: 'note', data: {} });
      await client.close();
    }
    for (const [n, name] of names.entries()) {
      const client = start(of(name), offline);
      const told: unknown[] = [];
      client.on('sync:error', ({ error }) => void told.push(error));
      expect(await ids(client)).toEqual([`of-${n + 1}`]);
      expect(told.filter((error) => (error as { code: string }).code === 'storage')).toEqual([]);
      await client.close();
    }
  });

  it('work offline with a token that does not say whose it is, when the application says it', async () => {
    const unreadable = { token: 'opaque', principal: { tenant: 'acme', id: 'alice' }, ...offline };
    const first = start('opaque', unreadable);
    const { id } = await first.create({ kind: 'note', data: {} });
    await first.close();
    expect(await ids(start(of('alice'), offline))).toEqual([id]);
  });

  it('are parted when a client is given the token of another: it shows and sends nothing any more', async () => {
    let token = of('alice');
    const client = start(() => token, offline);
    const { id } = await client.create(fresh());
    await client.close();

    token = of('alice');
    let asked = 0;
    const swapped = start(() => (asked++ === 0 ? token : of('bob')));
    const results: number[] = [];
    swapped.watch({}, (atomes) => results.push(atomes.length));
    const told = await next(swapped, 'sync:error');
    expect(told.error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('another user') });
    expect(await swapped.list()).toEqual([]);
    expect(await swapped.get(id)).toBeNull();
    expect(results.at(-1)).toBe(0);
    expect(swapped.status()).toMatchObject({ state: 'stopped', pending: 0 });
    await expect(swapped.create({ kind: 'note', data: {} })).rejects.toThrow();
    await swapped.close();

    const alice = start(of('alice'));
    await alice.ready();
    await alice.flush();
    expect(await alice.get(id)).toMatchObject({ ownerId: 'alice' });
  });

  describe('where an older version has left data that does not say whose it is', () => {
    beforeEach(async () => {
      const opId = `01900000-0000-7000-8000-${randomUUID().slice(-12)}`;
      const store = place.open();
      await store.open();
      const left = { opId, operation: 'create', atomeId: randomUUID(), kind: 'note', data: {} };
      await store.commit([{ append: [left] }]);
      await store.close();
    });

    it('gives it to nobody whom only a token names, but to the first whom the server confirms', async () => {
      const early = start(of('alice'), offline);
      const seen = early.list();
      await next(early, 'sync:error');
      await early.close();
      await expect(seen).rejects.toThrow('closed');

      const alice = start(of('alice'));
      await alice.ready();
      await alice.flush();
      const [left] = await alice.list();
      expect(left).toMatchObject({ ownerId: 'alice' });
      await alice.close();
      expect(await ids(start(of('bob'), offline))).toEqual([]);
    });

    it('gives it to one alone of two who have both read it and wait for the word of the server', async () => {
      // a store in memory cannot be open twice
      if (where === 'memory') return;
      const asked = { alice: 0, bob: 0 };
      let both = (): void => undefined;
      const gate = new Promise<void>((resolve) => (both = resolve));
      const sources = (['alice', 'bob'] as const).map((name) => async () => {
        // first to open the store, then for the connection
        if ((asked[name] += 1) === 1) return of(name);
        if (asked.alice > 1 && asked.bob > 1) both();
        await gate;
        return of(name);
      });
      const users = sources.map((source) => start(source));
      await Promise.all(users.map((user) => user.ready()));
      await Promise.all(users.map((user) => user.flush()));
      expect(await Promise.all(users.map((user) => user.rejected()))).toEqual([[], []]);
    });

    it('shows it to nobody without a token either, before the server has said that none is needed', async () => {
      const client = start(undefined, offline);
      let isShown = false;
      client.list().then(
        () => (isShown = true),
        () => undefined,
      );
      await next(client, 'sync:error');
      expect(isShown).toBe(false);
    });
  });
});

describe('a store of an application of its own, that knows no owners', () => {
  it('is used by the first user and by nobody else', async () => {
    const memory = memoryStore();
    const store: Store = { ...memory, open: () => memory.open() };
    const open = (name: string): Client => createClient({ url: NOBODY, reconnect: AT_ONCE, store, token: of(name) });
    const alice = open('alice');
    await alice.create(SECRET);
    await alice.close();
    const bob = open('bob');
    const told = next(bob, 'sync:error', ({ error }) => !error.message.includes('no connection'));
    expect(await bob.list()).toEqual([]);
    expect((await told).error).toMatchObject({ code: 'storage', message: expect.stringContaining('another user') });
    await bob.close();
    const again = open('alice');
    expect(await again.list()).toHaveLength(1);
    await again.close();
  });
});
