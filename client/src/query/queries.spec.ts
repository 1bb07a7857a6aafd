import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Gate } from '../../../test/support/gate.js';
import type { Atome } from '../../../src/protocol/index.js';
import { memoryStore } from '../storage/memory/memory-store.js';
import type { Store } from '../storage/store.js';
import { createReplica, type Replica } from '../offline/replica.js';
import { createQueries, type Queries } from './queries.js';
import type { Difference, Query } from './query.js';

const NEWEST: Query = { kind: 'note', sort: '-updatedAt', limit: 2 };

const atome = (id: string, minute: number, version = 1): Atome => ({
  ...{ id, version, kind: 'note', type: null, data: {}, meta: {}, parentId: null, ownerId: 'ada' },
  ...{ createdAt: '', updatedAt: new Date(minute * 60_000).toISOString(), deletedAt: null },
});

/** What a live query has told: each result as ids, and what was said to be different in it. */
class Told {
  readonly results: [ids: string[], difference: Difference][] = [];
  /** Resolves when it has told something. */
  readonly first: Promise<void>;

  constructor(queries: Queries, query: Query) {
    this.first = new Promise((resolve) => {
      queries.watch(query, (atomes, difference) => {
        this.results.push([atomes.map(({ id }) => id), difference]);
        resolve();
      });
    });
  }
}

describe('while the store is being read', () => {
  let store: Store;
  let reading: Gate;
  let replica: Replica;
  let queries: Queries;
  beforeEach(async () => {
    const memory = memoryStore();
    await memory.commit([{ put: [atome('a', 1), atome('b', 2), atome('c', 3)] }]);
    reading = new Gate();
    store = {
      ...memory,
      async select({ sort, where, limit }) {
        if (sort !== '-updatedAt' || where) return undefined;
        const all: Atome[] = [];
        for await (const page of memory.atomes()) all.push(...page);
        return all.sort((one, other) => (one.updatedAt < other.updatedAt ? 1 : -1)).slice(0, limit);
      },
      async *atomes() {
        await reading.pass();
        yield* memory.atomes();
      },
    };
  });
  afterEach(async () => {
    reading.open();
    await replica.close();
  });

  function open(): void {
    replica = createReplica(
      store,
      (change) => change.type === 'shown' && queries.changed(change.shown),
      import('../offline/deferred.js'),
    );
    queries = createQueries(
      replica,
      (run) => void run(),
      () => import('../offline/deferred.js'),
    );
    replica.open(() => Promise.resolve('us'));
  }

  it('the atomes changed last are listed', async () => {
    open();
    expect((await queries.list(NEWEST)).map(({ id }) => id)).toEqual(['c', 'b']);
  });

  it('they are read first', async () => {
    const newest = new Gate();
    const read: string[] = [];
    const slow = store;
    store = {
      ...slow,
      async select(query) {
        read.push('some');
        await newest.pass();
        return slow.select!(query);
      },
      async *atomes() {
        read.push('all');
        yield* slow.atomes();
      },
    };
    open();
    const listed = queries.list(NEWEST);
    await newest.reached;
    newest.open();
    await listed;
    await reading.reached;
    expect(read).toEqual(['some', 'all']);
  });

  it('a live query tells them, and then only what turns out to be different', async () => {
    open();
    const told = new Told(queries, NEWEST);
    await told.first;
    expect(told.results).toEqual([[['c', 'b'], { added: ['c', 'b'], changed: [], removed: [] }]]);

    // as another tab does
    await store.commit([{ put: [atome('d', 4), atome('c', 5, 2)] }]);
    reading.open();
    await replica.loaded;
    expect(told.results.slice(1)).toEqual([[['c', 'd'], { added: ['d'], changed: ['c'], removed: ['b'] }]]);
    void replica.commit({ remove: ['d'] });
    expect(told.results.at(-1)).toEqual([['c', 'b'], { added: ['b'], changed: [], removed: ['d'] }]);
  });

  it('a live query says nothing twice', async () => {
    open();
    const told = new Told(queries, NEWEST);
    reading.open();
    await replica.loaded;
    expect(told.results).toHaveLength(1);
  });

  it('a query with a limit looks at each atome as its page comes, and at none again when all are here', async () => {
    const looked: string[] = [];
    const pages = ['abc', 'def', 'gh'].map((ids) => Array.from(ids, (id) => atome(id, id.charCodeAt(0))));
    store = {
      ...store,
      async *atomes() {
        for (const page of pages) {
          looked.push('|');
          await reading.pass();
          yield page;
        }
        looked.push('|');
      },
    };
    open();
    const isWanted = ({ id }: Atome): boolean => looked.push(id) > 0 && id !== 'd';
    const where = Object.assign(isWanted, { toJSON: () => ({}) });
    const told = new Told(queries, { where, sort: '-updatedAt', limit: 3 });
    reading.open();
    await told.first;
    expect(looked.join('')).toBe('|abc|def|gh|');
    expect(told.results).toEqual([[['h', 'g', 'f'], { added: ['h', 'g', 'f'], changed: [], removed: [] }]]);
  });

  it('a query that is begun by the callback of another has each atome once, and none too few', async () => {
    open();
    reading.open();
    await replica.loaded;
    const begun = new Promise<Told>((resolve) => {
      let count = 0;
      queries.watch({ sort: '-updatedAt', limit: 9 }, () => {
        if ((count += 1) === 2) resolve(new Told(queries, { sort: '-updatedAt', limit: 5 }));
      });
    });
    await replica.loaded;
    await replica.commit({ put: [atome('a', 2.5, 2), atome('d', 4)] });
    const told = await begun;
    await told.first;
    expect(told.results.map(([ids]) => ids)).toEqual([['d', 'c', 'a', 'b']]);
  });

  it('a query is what it was at the call, whatever becomes of its object', async () => {
    open();
    const query: { kind: string; ids: string[]; where: { n?: number } } = { kind: 'note', ids: [], where: {} };
    const told: Told[] = [];
    const listed = ['a', 'b', 'c'].map((id) => {
      query.ids = [id];
      told.push(new Told(queries, query));
      return queries.list(query);
    });
    query.where.n = 1;
    query.kind = 'other';
    reading.open();
    expect((await Promise.all(listed)).flat().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(told.flatMap(({ results }) => results.flatMap(([ids]) => ids))).toEqual(['a', 'b', 'c']);
  });

  it('a query that an index cannot answer waits for all', async () => {
    open();
    const told = new Told(queries, { ...NEWEST, where: { n: 1 } });
    await reading.reached;
    expect(told.results).toEqual([]);
    reading.open();
    await replica.loaded;
    expect(told.results).toHaveLength(1);
  });

  it('a pending write keeps the index from answering: it knows nothing of it', async () => {
    open();
    void replica.commit({
      append: [{ opId: '01900000-0000-7000-8000-000000000000', operation: 'delete', atomeId: 'c' }],
    });
    const listed = queries.list(NEWEST);
    await reading.reached;
    reading.open();
    expect((await listed).map(({ id }) => id)).toEqual(['b', 'a']);
  });
});
