import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AtomeRow } from '../../src/ledger/rows.js';
import { SORT_KEYS, type LedgerStore, type ListQuery, type SortKey } from '../../src/ledger/store.js';
import { parseSort } from '../../src/protocol/index.js';
import { atomeRow, created, putRows } from '../support/ledger/rows.js';
import type { StoreFixture, StoreKind } from './fixture.js';

const T = 'lists';
const ALL: ListQuery = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', limit: 100, offset: 0 };
const data = (text: string): string => JSON.stringify({ text });

const ATOMES = [
  atomeRow('a', 6, { size: 20, kind: 'note', type: 'x', parentId: 'p', version: 3, data: data('École de ski') }),
  atomeRow('b', 5, {
    size: 10,
    kind: 'shape',
    type: null,
    parentId: 'p',
    version: 2,
    data: data('100% "sure"'),
    readers: '\n=ann\n=bob\n',
  }),
  atomeRow('c', 4, {
    kind: 'note',
    type: 'y',
    parentId: null,
    version: 2,
    data: data('snake_case C:\\dir'),
    readers: '\n=cid\ngroup:x\n',
  }),
  atomeRow('d', 3, { kind: 'note', type: null, parentId: 'q', data: data('tab\there, ПРИВЕТ') }),
  atomeRow('e', 2, { kind: 'note', type: 'x', deletedAt: '1970-01-01T00:00:00.000Z', data: data('deleted école') }),
  atomeRow('f', 1, { kind: 'shape', type: 'y', version: 9, createdSeq: 7, data: data('plain * [a-z] ΟΔΟΣ') }),
];

/** What `list` and `count` promise. @param prepare is given the store once all is there. */
export function listSuite({ make }: StoreKind, prepare = (_store: LedgerStore) => Promise.resolve()): void {
  let fixture: StoreFixture;
  let store: LedgerStore;
  beforeAll(async () => {
    fixture = await make();
    store = await fixture.open();
    await putRows(store, T, created(...[...ATOMES].reverse()));
    await putRows(store, 'other', created(atomeRow('z', 1, { parentId: 'p', type: 'x', data: data('école') })));
    await prepare(store);
  });
  afterAll(() => fixture.close());

  const ids = async (query: Partial<ListQuery>): Promise<string> =>
    (await store.ledger(T).queries.list({ ...ALL, ...query })).map(({ id }) => id).join('');
  /** The ids, once `count` has agreed. */
  const found = async (query: Partial<ListQuery>): Promise<string> => {
    const result = await ids(query);
    expect(await store.ledger(T).queries.count({ ...ALL, ...query, limit: 1 })).toBe(result.length);
    return result;
  };

  describe('list', () => {
    it.each<[Partial<ListQuery>, string]>([
      [{}, 'abcdf'],
      [{ includeDeleted: true }, 'abcdef'],
      [{ kind: 'note' }, 'acd'],
      [{ kind: 'NOTE' }, ''],
      [{ type: 'x' }, 'a'],
      [{ type: 'x', includeDeleted: true }, 'ae'],
      [{ parentId: 'p' }, 'ab'],
      [{ parentId: null }, 'cf'],
      [{ kind: 'note', type: 'y', parentId: null }, 'c'],
      [{ kind: `' OR 1=1 --` }, ''],
    ])('filters by %j', async (query, expected) => {
      expect(await found(query)).toBe(expected);
    });

    it.each<[string, string]>([
      ['ski', 'a'],
      ['SKI', 'a'],
      ['école', 'a'],
      ['ÉCOLE', 'a'],
      ['привет', 'd'],
      ['οδος', 'f'],
      ['ΟΔΟΣ', 'f'],
      ['%', 'b'],
      ['100%', 'b'],
      ['%sure', ''],
      ['_', 'c'],
      ['e_c', 'c'],
      ['s_i', ''],
      ['"sure"', 'b'],
      ['C:\\D', 'c'],
      ['\\', 'c'],
      ['\t', 'd'],
      ['*', 'f'],
      ['[A-Z]', 'f'],
      [`'`, ''],
      ['?', ''],
      ['\u0000', ''],
      ['\ud800', ''],
      ['nowhere', ''],
    ])('searches data for %j, ignoring case', async (search, expected) => {
      expect(await found({ search })).toBe(expected);
    });

    it.each<[string[], string[], string]>([
      [[], [], 'adf'],
      [['=ann'], [], 'abdf'],
      [['=ANN'], [], 'adf'],
      [['=an'], [], 'adf'],
      [['group:x'], [], 'acdf'],
      [['=ann', 'group:x'], [], 'abcdf'],
      [['=_nn', '=%', `' OR 1=1 --`], [], 'adf'],
      [['=ann', 'group:x'], ['shape', 'none'], 'acd'],
      [['=group:x'], [], 'adf'],
    ])('shows to %j, except the kinds %j', async (names, exceptKinds, expected) => {
      expect(await found({ visibleTo: { names, exceptKinds } })).toBe(expected);
    });

    it('searches together with the other filters', async () => {
      expect(await found({ search: 'école', includeDeleted: true })).toBe('ae');
      expect(await found({ search: 'e', kind: 'shape' })).toBe('bf');
    });

    it.each<[SortKey, string]>([
      ['id', 'abcdf'],
      ['updatedAt', 'fdcba'],
      ['createdAt', 'dcbaf'],
      ['kind', 'acdbf'],
      ['type', 'bdacf'],
      ['version', 'dbcaf'],
    ])('sorts by %s, and by id where that is the same', async (sortBy, expected) => {
      expect(await ids({ sortBy })).toBe(expected);
      expect(await ids({ sortBy, sortOrder: 'desc' })).toBe(Array.from(expected).reverse().join(''));
    });

    it('pages by offset', async () => {
      expect(await ids({ limit: 2, offset: 1 })).toBe('bc');
      expect(await ids({ limit: 2, offset: 9 })).toBe('');
      expect(await ids({ limit: 2, offset: 2, after: { value: 'a', id: 'a' } })).toBe('df');
    });

    it.each(SORT_KEYS)('ends a page by %s where its bytes add up, and has one row at least', async (sortBy) => {
      const whole = await store.ledger(T).queries.list({ ...ALL, sortBy });
      for (const bytes of [0, 9, 10, 25, 30, 49, 1_000]) {
        let sum = 0;
        const fits = whole.filter(({ size }) => (sum += size) - size <= bytes);
        expect(await store.ledger(T).queries.list({ ...ALL, sortBy }, bytes)).toEqual(fits);
      }
    });

    it('ends a page in order of fields where its bytes add up', async () => {
      const sorted = { ...ALL, sort: parseSort('kind,-data.text') };
      const whole = await store.ledger(T).queries.list(sorted);
      expect(whole.map(({ id }) => id).join('')).toBe('adcfb');
      for (const bytes of [0, 9, 25, 1_000]) {
        let sum = 0;
        const fits = whole.filter(({ size }) => (sum += size) - size <= bytes);
        expect(await store.ledger(T).queries.list(sorted, bytes)).toEqual(fits);
      }
    });

    it.each(SORT_KEYS.flatMap((sortBy) => (['asc', 'desc'] as const).map((sortOrder) => ({ sortBy, sortOrder }))))(
      'pages by place with %j',
      async (order) => {
        const whole = await ids(order);
        let paged = '';
        for (let after: ListQuery['after']; ;) {
          const [row] = await store.ledger(T).queries.list({ ...ALL, ...order, limit: 1, after });
          if (!row) break;
          paged += row.id;
          after = { value: placeOf(row, order.sortBy), id: row.id };
        }
        expect(paged).toBe(whole);
      },
    );
  });
}

function placeOf(row: AtomeRow, sortBy: SortKey): string | number | null {
  if (sortBy === 'updatedAt') return row.seq;
  if (sortBy === 'createdAt') return row.createdSeq;
  return row[sortBy];
}
