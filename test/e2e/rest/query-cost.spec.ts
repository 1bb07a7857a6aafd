import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AtomeService, type ListQuery, type Principal } from '../../../src/index.js';
import { LEDGER_STORE } from '../../../src/ledger/store.js';
import type { SqlStore } from '../../../src/ledger/stores/sql.store.js';
import { parseCondition, parseSort } from '../../../src/protocol/index.js';
import { DATABASES } from '../../support/databases/databases.js';
import type { TestApp } from '../../support/server/app.js';
import { startOn } from '../../support/server/server-on.js';

const LIMIT = 5;
const KINDS = { task: { indexed: ['data.status', 'data.due.at'] }, few: {} };
const someone: Principal = { id: 'someone', tenant: 'default', roles: ['reader'] };
const PAGE: ListQuery = { includeDeleted: false, sortBy: 'updatedAt', sortOrder: 'desc', limit: 20, offset: 0 };

describe.each(DATABASES)('what a list of fields costs, on %s,', (_database, create) => {
  let server: TestApp;
  let atomes: AtomeService;
  beforeAll(async () => {
    server = await startOn(create, { kinds: KINDS, queryScanLimit: LIMIT });
    atomes = server.app.get(AtomeService, { strict: false });
    await server.app.get<SqlStore>(LEDGER_STORE, { strict: false }).fields.kept();
    const task = (n: number) => ({
      id: `t${n}`,
      kind: 'task',
      data: { status: n % 2 ? 'open' : 'done', n, due: { at: -n } },
    });
    const many = Array.from({ length: LIMIT + 1 }, (_, n) => task(n));
    const atomesOf = [
      ...many,
      { id: 'f', kind: 'few', data: { n: 1 } },
      { id: 'c', parentId: 'f', kind: 'task', data: { n: 9 } },
    ];
    await server.api.post('/api/atome/batch', { operation: 'create', atomes: atomesOf });
  });
  afterAll(() => server.close());

  const cost = async (query: string): Promise<[number, string | null, unknown]> => {
    const answer = await fetch(`${server.url}/api/atome/list?${query}`);
    const { detail } = (await answer.json()) as { detail?: string };
    return [answer.status, answer.headers.get('x-query-cost'), detail];
  };

  it.each([
    ['', null],
    ['kind=task&sortBy=kind', null],
    ['search=open', null],
    ['kind=task&where[data.status]=open', 'indexed'],
    ['kind=task&where={"data.status":{"in":["open","done"]},"data.n":1}', 'indexed'],
    ['kind=task&where[data.due.at][gte]=3&count=exact', 'indexed'],
    ['kind=task&sort=-data.due.at', 'indexed'],
    ['kind=task&where[data.status]=open&sort=data.due.at,data.n', 'indexed'],
    ['kind=few&where[data.n]=1', 'scan;rows=1'],
    ['kind=task&parentId=f&where[data.n]=9', 'scan'],
    ['search=open&where[data.n]=1', 'scan'],
  ])('%j: %s', async (query, expected) => {
    expect(await cost(query)).toEqual([200, expected, undefined]);
  });

  const why = (path: string, help: string): string =>
    `${path} would look through more than ${LIMIT} atomes, since no index helps: ${help} among its indexed fields (the limit is QUERY_SCAN_LIMIT)`;
  it.each([
    ['where[data.status]=open', why('where', 'name a kind that has data.status')],
    ['kind=task&where[data.n]=1', why('where', 'have in the options of the kind task data.n')],
    ['kind=task&where[data.status][startsWith]=o', why('where', 'have in the options of the kind task data.status')],
    ['kind=task&where[version]=1', why('where', 'have in the options of the kind task a field of data')],
    ['kind=task&where[data.status]=open&sort=data.n', why('sort', 'have in the options of the kind task data.n')],
    ['kind=task&sort=kind', why('sort', 'have in the options of the kind task a field of data')],
    [
      'kind=task&where[data.status]=open&includeDeleted=true',
      why('where', 'leave out includeDeleted, and have in the options of the kind task data.status'),
    ],
    ['parentId=null&where={"or":[{"data.a":1},{"data.b":1}]}', why('where', 'name a kind that has data.a')],
  ])('is too much where no index helps: %s', async (query, detail) => {
    expect(await cost(query)).toEqual([400, null, detail]);
  });

  it('is the same for a batch, and for an application’s own code', async () => {
    const batch = { operation: 'update', kind: 'task', changes: { seen: true }, limit: 10 };
    const refused = await server.api.post('/api/atome/batch', { ...batch, where: { 'data.n': 1 } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid' } });
    const taken = await server.api.post('/api/atome/batch', { ...batch, where: { 'data.status': 'open' } });
    expect(taken).toMatchObject({ status: 200, body: { done: 3 } });
    expect(taken.headers.get('x-query-cost')).toBe('indexed');
    const where = parseCondition({ 'data.n': 1 });
    await expect(atomes.list({ ...PAGE, where })).rejects.toMatchObject({ code: 'invalid' });
    await expect(atomes.count({ ...PAGE, where })).rejects.toMatchObject({ code: 'invalid' });
    const found = {
      ...PAGE,
      kind: 'task',
      where: parseCondition({ 'data.status': 'open' }),
      sort: parseSort('data.due.at'),
    };
    expect(await atomes.list(found, someone)).toMatchObject({
      cost: { isIndexed: true },
      rows: [{ id: 't5' }, { id: 't3' }, { id: 't1' }],
    });
    expect(await atomes.count(found, someone)).toBe(3);
  });
});
