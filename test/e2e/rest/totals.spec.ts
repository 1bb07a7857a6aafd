import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AtomeQueries } from '../../../src/application/atome-queries.js';
import { AccessPolicy } from '../../../src/auth/authorization/access-policy.js';
import { LedgerReaders } from '../../../src/ledger/read/ledger-readers.js';
import { MOST_COUNTED } from '../../../src/ledger/read/totals.js';
import { openStore } from '../../../src/ledger/stores/open-store.js';
import { selectSorted } from '../../../src/ledger/stores/sort.sql.js';
import { parseSort, type Principal } from '../../../src/protocol/index.js';
import { SOMEBODY } from '../../support/ledger/ledger.js';
import { atomeRow } from '../../support/ledger/rows.js';
import { queryOf } from '../../support/ledger/raw-query.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { DATABASES, type Database } from '../../support/databases/databases.js';
import { tokenOf, WITH_TOKENS } from '../../support/server/tokens.js';

/** More than are counted for a total; every tenth is of another type, and there are two more kinds. */
const NOTES = MOST_COUNTED + 1_000;

const ALL = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', limit: 1, offset: 0 } as const;

function fail(error: unknown): never {
  throw error;
}

async function fill(databaseUrl: string): Promise<void> {
  const store = await openStore(databaseUrl);
  const { write } = store.ledger('default');
  const atomes = Array.from({ length: NOTES }, (_, n) =>
    atomeRow(`n${n}`, n + 1, { type: n % 10 === 0 ? 'tenth' : 'usual', data: JSON.stringify({ n }) }),
  );
  await write.open();
  await write.commit({ atomeIds: [], ops: [] }, ({ head }) => ({
    additions: {
      head: { ...head, seq: NOTES, atomes: NOTES, kinds: JSON.stringify([['note', NOTES, 0]]) },
      alterations: [],
      atomes,
      receipts: [],
    },
  }));
  await store.close();
}

describe.each(DATABASES)('the total of a long list, on %s,', (_name, create) => {
  let database: Database;
  let server: TestApp;
  let admin: Record<string, string>;
  let writer: Record<string, string>;
  beforeAll(async () => {
    database = await create();
    await fill(database.url);
    server = await startApp({ DATABASE_URL: database.url, ...WITH_TOKENS });
    const bearer = (id: string, role: string): Record<string, string> => ({
      authorization: `Bearer ${tokenOf(role, { sub: id, tenant: 'default' })}`,
    });
    [admin, writer] = [bearer('ada', 'admin'), bearer('wim', 'writer')];
    for (let n = 0; n < 4; n += 1) await post({ id: `t${n}`, kind: 'task', data: {} });
    await server.api.delete('/api/atome/t0', undefined, admin);
    await server.api.put('/api/atome/t1', { kind: 'chore' }, admin);
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const post = async (body: object): Promise<void> => {
    expect(await server.api.post('/api/atome/create', body, admin)).toMatchObject({ status: 201 });
  };
  const total = async (query: string, headers = admin): Promise<unknown> => {
    const { status, body } = await server.api.get(`/api/atome/list?limit=1&${query}`, headers);
    expect({ query, status }).toEqual({ query, status: 200 });
    const { total: told, totalIsExact, pages } = body;
    expect(pages).toBe(told);
    return totalIsExact === undefined ? told : { atLeast: told, totalIsExact };
  };

  it.each([
    ['', NOTES + 3],
    ['includeDeleted=true', NOTES + 4],
    ['kind=note', NOTES],
    ['kind=task', 2],
    ['kind=task&includeDeleted=true', 3],
    ['kind=chore', 1],
    ['kind=none', 0],
  ])('of all or of a kind is kept: %s', async (query, expected) => {
    expect(await total(query)).toBe(expected);
  });

  it.each([
    ['parentId=null', MOST_COUNTED - 1],
    ['type=usual', MOST_COUNTED - 1_003],
    ['kind=note&type=usual', MOST_COUNTED - 1_000],
    ['kind=note&where[data.n][gte]=0', MOST_COUNTED],
    ['search=n', MOST_COUNTED - 4],
  ])('of another filter is one that there are at least: %s', async (query, expected) => {
    expect(await total(query)).toEqual({ atLeast: expected, totalIsExact: false });
  });

  it.each([
    ['type=tenth', NOTES / 10],
    ['kind=note&where[data.n][gte]=10', NOTES - 10],
    ['parentId=null', NOTES + 3],
  ])('is exact for whoever insists: %s', async (query, expected) => {
    expect(await total(`${query}&count=exact`)).toBe(expected);
  });

  it('is exact where the page shows the end of the list', async () => {
    expect(await total('where[data.n][lt]=1')).toBe(1);
    expect(await total('where[data.n][lt]=2&page=2')).toBe(2);
    // what the page shows is there, however few have been found
    expect(await total('where[data.n][lt]=3')).toEqual({ atLeast: 2, totalIsExact: false });
    expect(await total('type=none')).toBe(0);
  });

  it('of a kind is counted for those who may not see all of it', async () => {
    const { status } = await server.api.post('/api/atome/t2/share', { access: 'private' }, admin);
    expect(status).toBe(200);
    expect(await total('kind=task', admin)).toBe(2);
    expect(await total('kind=task', writer)).toBe(1);
  });

  it('tells those who may not see all of it nothing of what they may not see', async () => {
    const store = await openStore(database.url);
    const hide = (principal: Principal, _action: string, { id }: { id: string }): boolean =>
      principal.roles.includes('admin') || id !== hidden;
    const ledgers = new LedgerReaders(store);
    const asked = new AtomeQueries(({ tenant }) => ledgers.of(tenant), new AccessPolicy({ authorize: hide }, fail));
    const told = async (): Promise<unknown[]> => [
      await total('kind=note', writer),
      await total('page=3', writer),
      await total('type=usual&sort=-data.n', writer),
      await total('search=n', writer),
      await asked.total({ ...ALL, kind: 'note' }, SOMEBODY),
    ];
    let hidden = 'none';
    const before = await told();
    hidden = `n${NOTES - 1}`;
    const { status } = await server.api.post(`/api/atome/${hidden}/share`, { access: 'private' }, admin);
    expect(status).toBe(200);
    expect(await told()).toEqual(before);
    const atLeast = (count: number) => ({ atLeast: count, totalIsExact: false });
    expect(before).toEqual([atLeast(2), atLeast(4), atLeast(2), atLeast(2), { total: 0, isExact: false }]);
    await store.close();
  });

  it('looks at so many rows and no more', async () => {
    const store = await openStore(database.url);
    const run = queryOf(store);
    await run('ANALYZE');
    const seen: string[] = [];
    const scan = store.scan.bind(store);
    store.scan = async (scope, statement) => {
      const prefix = store.kind === 'sqlite' ? 'EXPLAIN QUERY PLAN' : 'EXPLAIN (ANALYZE, FORMAT TEXT)';
      seen.push(JSON.stringify(await run(`${prefix} ${statement.sql}`, [...statement.params])));
      return scan(scope, statement);
    };
    for (const filter of [{ kind: 'note', type: 'tenth' }, { type: 'tenth' }, { parentId: null, type: 'tenth' }]) {
      const { total } = await store.ledger('default').queries.countNewest({ ...ALL, ...filter }, 100);
      expect(Math.abs(total - 10)).toBeLessThanOrEqual(1);
    }
    expect(seen).toHaveLength(6);
    for (const plan of seen) {
      if (store.kind === 'sqlite') expect(plan).toMatch(/SEARCH atome_atomes USING (COVERING )?INDEX \w+ \(tenant=\?/);
      else {
        const rows = [...plan.matchAll(/actual time=\S+ rows=(\d+)/g)].map(([, count]) => Number(count));
        const removed = [...plan.matchAll(/Rows Removed by Filter: (\d+)/g)].map(([, count]) => Number(count));
        expect(Math.max(...rows, ...removed)).toBeLessThanOrEqual(101);
      }
    }
    if (store.kind === 'sqlite') expect(seen.filter((plan) => plan.includes('seq>?'))).toHaveLength(3);
    await store.close();
  });

  it('in order of a field looks the atomes of its page up by their key', async () => {
    const store = await openStore(database.url);
    const run = queryOf(store);
    await run('ANALYZE');
    const { sql, params } = selectSorted('default', { ...ALL, sort: parseSort('-data.n') }, store.dialect);
    const [explain, byKey] =
      store.kind === 'sqlite'
        ? ['EXPLAIN QUERY PLAN', 'SEARCH atome_atomes USING INDEX sqlite_autoindex_atome_atomes_1 (tenant=? AND id=?)']
        : ['EXPLAIN', 'Index Scan using atomes_pk on atomes  ('];
    expect(JSON.stringify(await run(`${explain} ${sql}`, [...params]))).toContain(byKey);
    await store.close();
  });
});
