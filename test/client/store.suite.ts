import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Checkpoint, Format, PendingWrite, RejectedWrite, Store } from '../../client/src/storage/store.js';
import type { Query } from '../../client/src/query/query.js';
import type { Atome } from '../../src/protocol/index.js';

/** One place to keep data in, and instances on it. */
export interface StoreFixture {
  /** Another instance on the same data, as the next start of the program (or another tab) has it. */
  open(format?: Format): Store;
  /** Makes what is there unreadable. Durable stores have it. */
  damage?(): Promise<void>;
  /** Removes the data, after all instances have been closed. */
  drop(): Promise<void>;
}

export interface StoreKind {
  readonly name: string;
  /** Whether data outlives the instance in a form of its own, so that it may be old, new or damaged. */
  readonly durable: boolean;
  make(): Promise<StoreFixture>;
}

export const atome = (id: string, more: Partial<Atome> = {}): Atome => ({
  id,
  kind: 'note',
  type: null,
  data: { title: id },
  meta: {},
  parentId: null,
  ownerId: 'ada',
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  deletedAt: null,
  ...more,
});

export const write = (opId: string): PendingWrite => ({
  opId,
  operation: 'update',
  atomeId: 'a',
  changes: { title: `from ${opId}`, nested: [1, null, { deep: true }] },
  baseVersion: 3,
});

const rejected = (opId: string): RejectedWrite => ({
  operation: write(opId),
  error: { code: 'conflict', message: 'too late', status: 409, retryable: false, details: { version: 4 } },
  rejectedAt: '2026-01-02T00:00:00.000Z',
});

const place = (seq: number): Checkpoint => ({
  cursor: { epoch: 'e', seq, hash: `h${seq}`, rights: 'r' },
  subscription: '{}',
  skewMs: -12,
  stamp: '000001700000000000-0000-node',
});

async function all(store: Store): Promise<Atome[]> {
  const found: Atome[] = [];
  for await (const page of store.atomes()) found.push(...page);
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

const ids = (atomes: readonly Atome[]): string[] => atomes.map(({ id }) => id);

/** The promises at the top of `client/src/storage/store.ts`. */
export function storeSuite(kind: StoreKind): void {
  describe(`the store in ${kind.name}`, () => {
    let fixture: StoreFixture;
    let stores: Store[];
    let store: Store;
    beforeEach(async () => {
      fixture = await kind.make();
      stores = [];
      store = take();
    });
    afterEach(async () => {
      await Promise.all(stores.map((each) => each.close()));
      await fixture.drop();
    });

    function take(format?: Format): Store {
      const opened = fixture.open(format);
      stores.push(opened);
      return opened;
    }

    /** What the next start of the program finds. */
    async function restart(format?: Format): Promise<Store> {
      await store.close();
      store = take(format);
      return store;
    }

    it('begins empty', async () => {
      expect(await store.open()).toEqual({ place: null, outbox: [], rejected: [] });
      expect(await all(store)).toEqual([]);
    });

    it('gives back all that was committed, after the next start too', async () => {
      await store.open();
      const note = atome('a', { data: { text: 'é\u0000"\\', list: [1.5, null, {}] }, meta: { tags: ['x'] } });
      await store.commit([{ put: [note, atome('b')], append: [write('1')], reject: [rejected('0')], place: place(7) }]);
      const contents = { place: place(7), outbox: [write('1')], rejected: [rejected('0')] };
      expect(await all(store)).toEqual([note, atome('b')]);
      await restart();
      expect(await store.open()).toEqual(contents);
      expect(await all(store)).toEqual([note, atome('b')]);
    });

    it('keeps outbox and inbox in the order of their opIds, however they came', async () => {
      await store.open();
      for (const opId of ['3', '1', '2'])
        await store.commit([{ append: [write(opId)], reject: [rejected(`r${opId}`)] }]);
      await restart();
      const { outbox, rejected: inbox } = await store.open();
      expect(outbox.map(({ opId }) => opId)).toEqual(['1', '2', '3']);
      expect(inbox.map(({ operation }) => operation.opId)).toEqual(['r1', 'r2', 'r3']);
    });

    it('replaces atomes and writes under their names, and forgets what it is told to', async () => {
      await store.open();
      await store.commit([
        { put: [atome('a'), atome('b')], append: [write('1'), write('2')], reject: [rejected('0')] },
      ]);
      await store.commit([
        { put: [atome('a', { version: 2 })], remove: ['b', 'unknown'] },
        { settle: ['1', 'unknown'], append: [{ ...write('2'), reason: 'edited' }], dismiss: ['0', 'unknown'] },
      ]);
      expect(await all(store)).toEqual([atome('a', { version: 2 })]);
      await restart();
      expect(await store.open()).toEqual({ place: null, outbox: [{ ...write('2'), reason: 'edited' }], rejected: [] });
    });

    it('takes the fields of one change in their order', async () => {
      await store.open();
      await store.commit([{ put: [atome('old')], append: [write('1')], reject: [rejected('2')] }]);
      await store.commit([
        {
          ...{ place: place(1), reject: [rejected('2')], dismiss: ['2'], append: [write('1')], settle: ['1'] },
          ...{ remove: ['new'], put: [atome('kept'), atome('new')], clear: true as const },
        },
      ]);
      expect(ids(await all(store))).toEqual(['kept']);
      await restart();
      expect(await store.open()).toEqual({ place: place(1), outbox: [write('1')], rejected: [rejected('2')] });
    });

    it('puts a snapshot in the place of all atomes and leaves the outbox alone', async () => {
      await store.open();
      await store.commit([{ put: [atome('a'), atome('b')], append: [write('1')], reject: [rejected('0')] }]);
      await store.commit([{ clear: true, put: [atome('c')], place: place(9) }]);
      expect(ids(await all(store))).toEqual(['c']);
      await restart();
      expect(await store.open()).toEqual({ place: place(9), outbox: [write('1')], rejected: [rejected('0')] });
    });

    it('takes effect in the order of the calls, awaited or not', async () => {
      await store.open();
      const commits = Array.from({ length: 50 }, (_, i) => [
        store.commit([
          { put: [atome('a', { version: i })], append: [write(String(i).padStart(3, '0'))], place: place(i) },
        ]),
        store.commit([{ settle: [String(i - 1).padStart(3, '0')] }]),
      ]).flat();
      await Promise.all(commits);
      expect((await all(store)).map(({ version }) => version)).toEqual([49]);
      await restart();
      expect(await store.open()).toMatchObject({ place: place(49), outbox: [{ opId: '049' }] });
    });

    it('has finished the commits under way when it is closed', async () => {
      await store.open();
      const committed = store.commit([{ put: [atome('a')], place: place(1) }]);
      await restart();
      await committed;
      expect(await store.open()).toMatchObject({ place: place(1) });
      expect(ids(await all(store))).toEqual(['a']);
    });

    it('is claimed by one owner alone, whose data it is from then on', async () => {
      await store.open();
      await store.commit([{ append: [write('1')], place: place(7) }]);
      await restart();
      expect((await store.open('ada')).place).toEqual(place(7));
      await restart();
      expect(await store.open('ada', true)).toMatchObject({
        place: { ...place(7), owner: 'ada' },
        outbox: [write('1')],
      });
      await restart();
      expect(await store.open('bob', true)).toMatchObject({ place: { owner: 'bob' }, outbox: [] });
      await restart();
      expect(await store.open('ada')).toMatchObject({ place: { ...place(7), owner: 'ada' }, outbox: [write('1')] });
    });

    it('may be closed twice', async () => {
      await store.open();
      await Promise.all([store.close(), store.close()]);
      await store.close();
    });

    it('takes many atomes, and reads all of them', async () => {
      await store.open();
      const many = Array.from({ length: 3_000 }, (_, i) => atome(`n${String(i).padStart(5, '0')}`));
      await store.commit([{ clear: true, put: many, place: place(3_000) }]);
      expect(ids(await all(store))).toEqual(ids(many));
    });

    if (kind.durable)
      durableSuite(
        () => fixture,
        restart,
        () => store,
      );
  });
}

/** What can happen to data that lies somewhere while no program runs. */
function durableSuite(
  fixture: () => StoreFixture,
  restart: (format?: Format) => Promise<Store>,
  current: () => Store,
): void {
  const NEXT: Format = {
    version: 2,
    migrations: [
      {
        atomes: (old: Atome) => ({ ...old, data: { ...old.data, migrated: true } }),
        outbox: (old: PendingWrite) => ({ ...old, reason: 'migrated' }),
      },
    ],
  };

  it('finds those changed last by kind and parent', async () => {
    const store = current();
    await store.open();
    const at = (id: string, day: number, more: Partial<Atome> = {}): Atome =>
      atome(id, { updatedAt: `2026-01-0${day}T00:00:00.000Z`, ...more });
    const newest = async (query: Query): Promise<string[]> => {
      for (;;) {
        const found = await store.select!({ sort: '-updatedAt', ...query });
        if (found) return ids(found);
        // it learns what it was asked
        await all(store);
      }
    };
    const put = [at('a', 1), at('b', 3), at('c', 2, { parentId: 'p' }), at('d', 3), at('e', 9, { kind: 'task' })];
    await store.commit([{ put }]);
    expect(await newest({ limit: 3 })).toEqual(['e', 'd', 'b']);
    expect(await newest({ kind: 'note', limit: 3 })).toEqual(['d', 'b', 'c']);
    expect(await newest({ parentId: 'p', limit: 3 })).toEqual(['c']);
    expect(await newest({ kind: 'note', parentId: null, limit: 2 })).toEqual(['d', 'b']);
    await store.commit([{ put: [at('a', 4)], remove: ['d'] }]);
    expect(await newest({ kind: 'note', limit: 2 })).toEqual(['a', 'b']);
  });

  it('brings data of an older version forward', async () => {
    await current().open();
    await current().commit([{ put: [atome('a')], append: [write('1')], reject: [rejected('0')], place: place(1) }]);
    await restart(NEXT);
    const contents = { place: place(1), outbox: [{ ...write('1'), reason: 'migrated' }], rejected: [rejected('0')] };
    expect(await current().open()).toEqual(contents);
    expect(await all(current())).toMatchObject([{ data: { title: 'a', migrated: true } }]);
    await restart(NEXT);
    expect(await current().open()).toEqual(contents);
  });

  it('sets data aside whose migration fails', async () => {
    await current().open();
    await current().commit([{ put: [atome('a')], append: [write('1')] }]);
    const fails = (): never => {
      throw new Error('cannot be brought forward');
    };
    await restart({ version: 2, migrations: [{ outbox: fails }] });
    const { outbox, setAside } = await current().open();
    expect({ outbox, setAside }).toEqual({ outbox: [], setAside: expect.any(String) });
  });

  it('sets data of a newer version aside and begins empty', async () => {
    await restart(NEXT);
    await current().open();
    await current().commit([{ put: [atome('a')] }]);
    await restart();
    expect(await current().open()).toEqual({ place: null, outbox: [], rejected: [], setAside: expect.any(String) });
    await current().commit([{ put: [atome('b')] }]);
    expect(ids(await all(current()))).toEqual(['b']);
    await restart();
    expect(await current().open()).not.toHaveProperty('setAside');
  });

  it('finds the writes that were set aside with a newer version once that is there again, and none of another owner', async () => {
    const opIds = async (owner: string): Promise<string[][]> => {
      const { outbox, rejected } = await current().open(owner);
      return [outbox.map(({ opId }) => opId), rejected.map(({ operation }) => operation.opId)];
    };
    await restart(NEXT);
    await current().open('ada');
    await current().commit([{ append: [write('1'), write('2')], reject: [rejected('0')] }]);
    await restart();
    expect(await opIds('bob')).toEqual([[], []]);
    await current().commit([{ append: [write('3')] }]);
    await restart();
    expect(await opIds('ada')).toEqual([[], []]);
    await current().commit([{ append: [write('4')] }]);

    await restart(NEXT);
    expect(await opIds('bob')).toEqual([['3'], []]);
    await restart(NEXT);
    expect(await opIds('ada')).toEqual([['1', '2', '4'], ['0']]);
    await current().commit([{ settle: ['1'], dismiss: ['0'] }]);
    await restart(NEXT);
    expect(await opIds('ada')).toEqual([['2', '4'], []]);
  });

  it('sets damaged data aside and begins empty', async () => {
    await current().open();
    await current().commit([{ put: [atome('a')] }]);
    await current().close();
    await fixture().damage?.();
    await restart();
    expect(await current().open()).toMatchObject({ outbox: [], setAside: expect.any(String) });
    await current().commit([{ put: [atome('b')] }]);
    expect(ids(await all(current()))).toEqual(['b']);
  });
}
