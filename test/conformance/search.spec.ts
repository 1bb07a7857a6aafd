import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MOST_SEARCHED } from '../../src/ledger/stores/list.sql.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import { NOT_WORTH } from '../../src/ledger/stores/search.js';
import { alterationRow, atomeRow, created, putRows } from '../support/ledger/rows.js';
import { STORES } from './fixture.js';
import { listSuite } from './list.suite.js';

/** Makes the ledgers long enough for an index, and waits for it. */
async function index(store: LedgerStore): Promise<void> {
  for (const tenant of ['lists', 'other']) {
    const alterations = Array.from({ length: NOT_WORTH + 10 }, (_, n) => alterationRow(n + 100, 'nobody', n + 1));
    await putRows(store, tenant, { alterations });
  }
  await (store as SqlStore).indexed();
  expect(await (store as SqlStore).find('lists', 'ski')).toMatchObject({ seqs: '[6]' });
}

describe.each(STORES.filter(({ shared }) => shared))('the store on $name, with an index of its texts', (kind) => {
  listSuite(kind, index);
});

describe.each(STORES)('a search that no index helps, in $name', ({ make }) => {
  const PAGE = { includeDeleted: false, sortBy: 'updatedAt', sortOrder: 'desc', limit: 3, offset: 0 } as const;
  const SHORT = { ...PAGE, search: 'zq' };
  const BEHIND = 20;
  let fixture: Awaited<ReturnType<typeof make>>;
  let queries: ReturnType<LedgerStore['ledger']>['queries'];
  beforeAll(async () => {
    fixture = await make();
    const store = await fixture.open();
    const hidden = { readers: '\nann\n', access: '{"access":"private","names":["ann"],"kinds":["note"]}' };
    const rows = Array.from({ length: MOST_SEARCHED.rows + BEHIND }, (_, n) => {
      const text = n % 10 === 5 && n < BEHIND ? 'zq' : 'other';
      return atomeRow(`a${n}`, n + 1, {
        data: JSON.stringify({ text }),
        size: 400,
        ...(n % 2 === 0 && n > BEHIND && hidden),
      });
    });
    await putRows(store, 'many', created(...rows));
    ({ queries } = store.ledger('many'));
  });
  afterAll(() => fixture.close());

  it('ends after so many atomes, at a place behind which it goes on', async () => {
    const { rows, end } = await queries.search(SHORT);
    expect([rows, end?.id]).toEqual([[], `a${BEHIND}`]);
    const behind = await queries.search({ ...SHORT, after: { value: end!.seq, id: end!.id } });
    expect([behind.rows.map(({ id }) => id), behind.end]).toEqual([['a15', 'a5'], undefined]);
  });

  it('ends in the other order, too', async () => {
    const { rows, end } = await queries.search({ ...SHORT, sortBy: 'createdAt', sortOrder: 'asc' });
    expect([rows.map(({ id }) => id), end?.id]).toEqual([['a5', 'a15'], `a${MOST_SEARCHED.rows - 1}`]);
  });

  it('counts only what its reader may see', async () => {
    const visibleTo = { names: ['bob'], exceptKinds: [] };
    const { rows, end } = await queries.search({ ...SHORT, visibleTo });
    expect([rows.map(({ id }) => id), end]).toEqual([['a15', 'a5'], undefined]);
  });

  it('is not put into an order that no index has', async () => {
    await expect(queries.search({ ...SHORT, sortBy: 'version' })).rejects.toThrow('search for more characters');
  });

  it('is put into any order where its reader may see no more than it looks through', async () => {
    const visibleTo = { names: ['bob'], exceptKinds: [] };
    const query = { ...SHORT, visibleTo, sortBy: 'version', sortOrder: 'asc' } as const;
    for (const some of [query, { ...query, kind: 'note' }, { ...query, parentId: null }]) {
      expect((await queries.search(some)).rows.map(({ id }) => id)).toEqual(['a15', 'a5']);
    }
    const ann = { names: ['ann'], exceptKinds: [] };
    await expect(queries.search({ ...query, visibleTo: ann })).rejects.toThrow('search for more characters');
  });

  it('leaves lists as they are', async () => {
    expect((await queries.list(PAGE)).length).toBe(PAGE.limit);
  });
});

describe('an index of texts', () => {
  it('is no help for what is shorter than a trigram, on any database', async () => {
    for (const { make } of STORES) {
      const fixture = await make();
      const store = (await fixture.open()) as SqlStore;
      for (const words of ['', 'a', 'ab', '😀']) expect(await store.find('lists', words)).toBeUndefined();
      await fixture.close();
    }
  });
});
