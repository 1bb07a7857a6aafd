import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AdmittedLedger } from '../../src/application/admitted-ledger.js';
import { isHeavy } from '../../src/ledger/read-weights.js';
import type { ListQuery, TenantLedger } from '../../src/ledger/store.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { ConnectionPool, type ConnectionPools } from '../../src/ledger/stores/postgres/postgres.pools.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { ReadPool } from '../../src/ledger/stores/sqlite/read-pool.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { createDatabase } from '../support/databases/postgres.js';

const LIST: ListQuery = { includeDeleted: false, sortBy: 'updatedAt', sortOrder: 'desc', limit: 10, offset: 0 };
const PAGE = { after: 0, upTo: 10, limit: 10, chars: 1_000 };

/** What the reads consist of. */
const PRIVATE = ['find', 'pageOf', 'countBehind', 'countIndexed', 'totalOf', 'indexFor', 'isLost', 'ledBy', 'listed'];

type Part = keyof typeof isHeavy;
type Read = readonly [what: string, part: Part, name: string, read: (ledger: TenantLedger) => Promise<unknown>];

const list = (what: string, query: Partial<ListQuery>): Read => [
  what,
  'queries',
  'list',
  ({ queries }) => queries.list({ ...LIST, ...query }),
];

const READS: readonly Read[] = [
  ['an atome', 'atomes', 'get', ({ atomes }) => atomes.get('a', () => undefined)],
  ['an atome with its clocks', 'atomes', 'get', ({ atomes }) => atomes.get('a', undefined, true)],
  ['where an atome stands', 'atomes', 'partial', ({ atomes }) => atomes.partial('a')],
  ['some atomes', 'atomes', 'some', ({ atomes }) => atomes.some(['a', 'b'])],
  ['headers', 'atomes', 'headers', ({ atomes }) => atomes.headers(['a', 'b'])],
  list('a list', {}),
  list('a list for somebody', { visibleTo: { names: ['ann'], exceptKinds: ['secret'] } }),
  list('a list by id', { sortBy: 'id' }),
  list('a list of a kind', { kind: 'note' }),
  list('a list of children in any order', { parentId: 'a', sortBy: 'version' }),
  list('a list behind a place', { sortBy: 'id', after: { value: 'a', id: 'a' } }),
  list('a list of a type', { type: 'memo' }),
  list('a list of a kind and a type', { kind: 'note', type: 'memo' }),
  list('a list far away', { offset: 10_001 }),
  list('a list that no index has in order', { sortBy: 'version' }),
  list('a list of a kind by id', { kind: 'note', sortBy: 'id' }),
  list('a list of those without a parent by id', { parentId: null, sortBy: 'id' }),
  list('a search', { search: 'nowhere' }),
  list('a search for what is short', { search: 'b' }),
  ['a bounded search', 'queries', 'search', ({ queries }) => queries.search({ ...LIST, search: 'b' })],
  ['a count', 'queries', 'count', ({ queries }) => queries.count({ ...LIST, kind: 'note' })],
  ['a count of a search', 'queries', 'count', ({ queries }) => queries.count({ ...LIST, search: 'nowhere' })],
  ['a bounded count', 'queries', 'countNewest', ({ queries }) => queries.countNewest({ ...LIST, type: 'memo' }, 10)],
  ['a page of all atomes', 'atomes', 'after', ({ atomes }) => atomes.after({ after: '', limit: 10 })],
  ['a page', 'alterations', 'page', ({ alterations }) => alterations.page(PAGE)],
  ['a page of the newest', 'alterations', 'newest', ({ alterations }) => alterations.newest(PAGE)],
  ['a version', 'alterations', 'version', ({ alterations }) => alterations.version('a', 1)],
  ['versions', 'alterations', 'versions', ({ alterations }) => alterations.versions('a', { from: 1, to: 2 })],
  [
    'a page of a history',
    'alterations',
    'history',
    ({ alterations }) => alterations.history('a', { from: 1, to: 2, bytes: 100 }),
  ],
  ['what a state is folded of', 'alterations', 'deltaChain', ({ alterations }) => alterations.deltaChain([['a', 1]])],
  [
    'a page of the audit',
    'audit',
    'rows',
    ({ audit }) => audit.rows({ after: 0, upTo: 10, limit: 10, newestFirst: false }),
  ],
  ['what somebody owns', 'audit', 'owned', ({ audit }) => audit.owned('ann', '')],
  ['the size of all receipts', 'audit', 'otherBytes', ({ audit }) => audit.otherBytes(0)],
  ['a hash', 'audit', 'hashAt', ({ audit }) => audit.hashAt(1)],
  ['the floor', 'audit', 'floor', ({ audit }) => audit.floor()],
  ['where a history begins', 'alterations', 'archived', ({ alterations }) => alterations.archived('a')],
];

/** Where the reads of a store go, as it is seen underneath: a read that goes nowhere else is one by its keys. */
const UNDERNEATH: readonly [
  name: string,
  create: () => Promise<Database>,
  watch: (store: SqlStore) => () => string[],
][] = [
  [
    'a thread of SQLite',
    async () => createFile(),
    () => {
      const read = jest.spyOn(ReadPool.prototype, 'read');
      return () => (read.mock.calls.length > 0 ? read.mock.calls : NONE).map(([, each]) => nameOf(each.isHeavy));
    },
  ],
  [
    'a connection to PostgreSQL',
    createDatabase,
    (store) => {
      const { pools } = (store as unknown as { connections: { pools: ConnectionPools } }).connections;
      const connected = jest.spyOn(ConnectionPool.prototype, 'connect');
      return () => connected.mock.contexts.map((pool) => nameOf(pool === pools.heavyReads));
    },
  ],
];
const NONE: Parameters<ReadPool['read']>[] = [['', { sql: '', params: [] }]];
const nameOf = (heavy = false): string => (heavy ? 'heavy' : 'light');

describe.each(UNDERNEATH)('the weight of a read, for its slot and for %s,', (_name, create, watch) => {
  let database: Database;
  let store: SqlStore;
  beforeAll(async () => {
    database = await create();
    store = await openStore(database.url);
    await store.ledger('default').write.open();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  it('is known of every read that there is', () => {
    const read = new Set(READS.map(([, part, name]) => `${part}.${name}`));
    const known = Object.entries(isHeavy).flatMap(([part, reads]) =>
      Object.keys(reads).map((name) => `${part}.${name}`),
    );
    expect([...read].sort()).toEqual(known.sort());
    const ledger = store.ledger('default');
    for (const part of ['atomes', 'alterations', 'audit'] as const) {
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(ledger[part])).filter(
        (name) => ![...PRIVATE, 'constructor'].includes(name),
      );
      expect(methods.sort()).toEqual(Object.keys(isHeavy[part]).sort());
    }
  });

  it.each(READS)('is the same: %s', async (_what, _part, _read, read) => {
    const used = watch(store);
    const slots: string[] = [];
    const admit = (slot: string) => (reading: () => Promise<unknown>) => {
      slots.push(slot);
      return reading();
    };
    const admitted = new AdmittedLedger(store.ledger('default'), {
      light: admit('light') as never,
      heavy: admit('heavy') as never,
    });
    await read(admitted);
    expect([...new Set(used())]).toEqual(slots);
  });
});
