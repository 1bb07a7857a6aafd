import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LedgerStore } from '../../src/ledger/store.js';
import { alterationRow, atomeRow, created, putRows } from '../support/ledger/rows.js';
import type { StoreFixture, StoreKind } from './fixture.js';

const T = 'reads';
const MUCH = 1_000_000;

/*
 * seq      1    2    3    4    5    6    7
 * atome    a    b    a    a    b    a    c
 * version  1    1    2    3*   2    4    1       * with a snapshot
 */
const a3 = alterationRow(4, 'a', 3, { base: 3, snapshot: '{"kind":"note"}', size: 30 });
const ALTERATIONS = [
  alterationRow(1, 'a', 1, { opId: 'op', reason: 'first', sourceClient: 'c1' }),
  alterationRow(2, 'b', 1),
  alterationRow(3, 'a', 2),
  a3,
  alterationRow(5, 'b', 2),
  alterationRow(6, 'a', 4, { base: 3 }),
  alterationRow(7, 'c', 1),
];
const ATOMES = [
  atomeRow('a', 6, { version: 4, createdSeq: 1, base: 3 }),
  atomeRow('b', 5, { version: 2, createdSeq: 2, kind: 'shape' }),
  atomeRow('c', 7),
];

/** What the reads promise, apart from `list`. */
export function readSuite({ make }: StoreKind): void {
  let fixture: StoreFixture;
  let store: LedgerStore;
  beforeAll(async () => {
    fixture = await make();
    store = await fixture.open();
    await putRows(store, T, { alterations: ALTERATIONS, atomes: ATOMES });
    await putRows(store, 'other', created(atomeRow('a', 1, { kind: 'other' }), atomeRow('z', 2)));
  });
  afterAll(() => fixture.close());

  const seqs = (rows: readonly { seq: number }[]): number[] => rows.map(({ seq }) => seq);

  describe('reads', () => {
    it('give rows back as they were written', async () => {
      expect(await store.ledger(T).alterations.page({ after: 0, upTo: 7, limit: 10, chars: MUCH })).toEqual(
        ALTERATIONS,
      );
      const { epoch } = (await store.ledger(T).write.head())!;
      expect(await store.ledger(T).atomes.get('b')).toEqual({ ...ATOMES[1], epoch });
      expect(await store.ledger(T).atomes.get('unknown')).toBeUndefined();
    });

    it('page by place, by rows and by characters', async () => {
      expect(seqs(await store.ledger(T).alterations.page({ after: 2, upTo: 5, limit: 10, chars: MUCH }))).toEqual([
        3, 4, 5,
      ]);
      expect(seqs(await store.ledger(T).alterations.page({ after: 2, upTo: 7, limit: 2, chars: MUCH }))).toEqual([
        3, 4,
      ]);
      expect(seqs(await store.ledger(T).alterations.page({ after: 7, upTo: 9, limit: 10, chars: MUCH }))).toEqual([]);
      // sizes behind 2: 10, 30, 10, 10, 10
      expect(seqs(await store.ledger(T).alterations.page({ after: 2, upTo: 7, limit: 10, chars: 0 }))).toEqual([3]);
      expect(seqs(await store.ledger(T).alterations.page({ after: 2, upTo: 7, limit: 10, chars: 9 }))).toEqual([3]);
      expect(seqs(await store.ledger(T).alterations.page({ after: 2, upTo: 7, limit: 10, chars: 10 }))).toEqual([3, 4]);
      expect(seqs(await store.ledger(T).alterations.page({ after: 2, upTo: 7, limit: 10, chars: 40 }))).toEqual([
        3, 4, 5,
      ]);
    });

    it('find the newest alteration of each atome', async () => {
      expect(seqs(await store.ledger(T).alterations.newest({ after: 0, upTo: 7, limit: 10, chars: MUCH }))).toEqual([
        5, 6, 7,
      ]);
      expect(seqs(await store.ledger(T).alterations.newest({ after: 0, upTo: 6, limit: 10, chars: MUCH }))).toEqual([
        5, 6,
      ]);
      expect(seqs(await store.ledger(T).alterations.newest({ after: 0, upTo: 4, limit: 10, chars: MUCH }))).toEqual([]);
      expect(seqs(await store.ledger(T).alterations.newest({ after: 5, upTo: 7, limit: 1, chars: MUCH }))).toEqual([6]);
      expect(seqs(await store.ledger(T).alterations.newest({ after: 0, upTo: 7, limit: 10, chars: 0 }))).toEqual([5]);
    });

    it('find atomes by their ids', async () => {
      const [a, b] = [await store.ledger(T).atomes.get('a'), await store.ledger(T).atomes.get('b')].map((row) => {
        const { epoch: _epoch, ...atome } = row!;
        return atome;
      });
      const found = await store.ledger(T).atomes.some(['b', 'unknown', 'a']);
      expect([...found].sort((one, other) => (one.id < other.id ? -1 : 1))).toEqual([a, b]);
      expect(await store.ledger(T).atomes.some([])).toEqual([]);
      expect(await store.ledger('other').atomes.some(['b'])).toEqual([]);
    });

    it('find versions of one atome', async () => {
      expect(await store.ledger(T).alterations.version('a', 3)).toEqual(a3);
      expect(await store.ledger(T).alterations.version('a', 5)).toBeUndefined();
      expect(seqs(await store.ledger(T).alterations.versions('a', { from: 2, to: 4 }))).toEqual([3, 4, 6]);
      expect(seqs(await store.ledger(T).alterations.versions('a', { from: 4, to: 9 }))).toEqual([6]);
      expect(seqs(await store.ledger(T).alterations.versions('unknown', { from: 1, to: 9 }))).toEqual([]);
    });

    it('find the rows from a base on', async () => {
      const deltaChain = async (...wanted: [string, number][]): Promise<number[]> =>
        seqs(await store.ledger(T).alterations.deltaChain(wanted));
      expect(await deltaChain(['a', 2])).toEqual([1, 3]);
      expect(await deltaChain(['a', 3])).toEqual([4]);
      expect(await deltaChain(['a', 4])).toEqual([4, 6]);
      expect(await deltaChain(['b', 2], ['unknown', 1], ['a', 4], ['c', 2])).toEqual([4, 6, 2, 5]);
      expect(await deltaChain()).toEqual([]);
    });

    it('find the chain hash at a seq', async () => {
      expect(await store.ledger(T).audit.hashAt(3)).toBe(ALTERATIONS[2]!.hash);
      expect(await store.ledger(T).audit.hashAt(0)).toBeUndefined();
      expect(await store.ledger(T).audit.hashAt(8)).toBeUndefined();
    });

    it('find heads and tenants', async () => {
      expect((await store.tenants()).sort()).toEqual(['other', T]);
      const heads = await store.heads([T, 'unknown', 'other', `it's "so"`]);
      expect([...heads.keys()].sort()).toEqual(['other', T]);
      expect(heads.get(T)).toEqual(await store.ledger(T).write.head());
      expect(heads.get('other')).toMatchObject({ seq: 2 });
      expect((await store.heads([])).size).toBe(0);
    });

    it('walk over the atomes in order of id', async () => {
      const ids = async (after: string, kinds?: string[], limit = 10): Promise<string[]> =>
        (await store.ledger(T).atomes.after({ after, kinds, limit })).map(({ id }) => id);
      expect(await ids('')).toEqual(['a', 'b', 'c']);
      expect(await ids('a', undefined, 1)).toEqual(['b']);
      expect(await ids('', ['note'])).toEqual(['a', 'c']);
      expect(await ids('', ['note', 'shape'])).toEqual(['a', 'b', 'c']);
      expect(await ids('c')).toEqual([]);
    });

    it('end a walk over atomes where their bytes add up', async () => {
      const ids = async (after: string, bytes: number): Promise<string> =>
        (await store.ledger(T).atomes.after({ after, limit: 10, bytes })).map(({ id }) => id).join('');
      // each takes 4
      expect([await ids('', 0), await ids('', 3), await ids('', 4), await ids('', 8)]).toEqual(['a', 'a', 'ab', 'abc']);
      expect([await ids('b', 0), await ids('c', 0)]).toEqual(['c', '']);
    });

    it('tell the history of an atome, newest first, and end where its bytes add up', async () => {
      const history = async (from: number, to: number, bytes = MUCH): Promise<number[]> =>
        seqs(await store.ledger(T).alterations.history('a', { from, to, bytes }));
      expect(await history(1, 4)).toEqual([6, 4, 3, 1]);
      expect(await history(2, 3)).toEqual([4, 3]);
      expect(await history(5, 9)).toEqual([]);
      // the newest takes 2, the one before 2 and its snapshot 15
      expect(await history(1, 4, 0)).toEqual([6]);
      expect(await history(1, 4, 2)).toEqual([6, 4]);
      expect(await history(1, 4, 18)).toEqual([6, 4]);
      expect(await history(1, 4, 19)).toEqual([6, 4, 3]);
    });

    it('find where atomes stand', async () => {
      const places = await store.ledger(T).atomes.headers(['b', 'a', 'unknown']);
      expect([...places].sort((one, next) => (one.id < next.id ? -1 : 1))).toEqual([
        { id: 'a', kind: 'note', type: null, parentId: null, ownerId: 'somebody', access: null, ancestors: null },
        { id: 'b', kind: 'shape', type: null, parentId: null, ownerId: 'somebody', access: null, ancestors: null },
      ]);
      expect(await store.ledger(T).atomes.headers([])).toEqual([]);
    });

    it('never mix tenants', async () => {
      expect(await store.ledger('other').alterations.page({ after: 0, upTo: 9, limit: 10, chars: MUCH })).toHaveLength(
        2,
      );
      expect(
        await store.ledger('other').alterations.newest({ after: 0, upTo: 9, limit: 10, chars: MUCH }),
      ).toHaveLength(2);
      expect(await store.ledger('other').alterations.versions('a', { from: 1, to: 9 })).toHaveLength(1);
      expect(await store.ledger('other').alterations.history('a', { from: 1, to: 9, bytes: MUCH })).toHaveLength(1);
      expect(await store.ledger('other').alterations.deltaChain([['b', 1]])).toEqual([]);
      expect(await store.ledger('other').atomes.get('a')).toMatchObject({ kind: 'other' });
      expect(await store.ledger('other').atomes.get('b')).toBeUndefined();
      expect(await store.ledger('nobody').audit.hashAt(1)).toBeUndefined();
      expect(await store.ledger('nobody').atomes.after({ after: '', limit: 10 })).toEqual([]);
    });

    it('keep any text that JSON can hold', async () => {
      const texts = ['\u0000', '\ud800', '\udc00 x', '😀', '\u2028', `'"\\`, '%_', '$1 ? ::json', 'e\u0301'];
      const json = JSON.stringify(Object.fromEntries(texts.map((text, i) => [`${text}${i}`, text])));
      const row = alterationRow(1, 'odd', 1, {
        changes: json,
        superseded: json,
        snapshot: json,
        reason: '😀 ? \\ \'"',
      });
      const atome = atomeRow('odd', 1, { data: json, meta: json, clocks: json });
      await putRows(store, 'texts', { alterations: [row], atomes: [atome] });
      expect(await store.ledger('texts').alterations.version('odd', 1)).toEqual(row);
      const { epoch } = (await store.ledger('texts').write.head())!;
      expect(await store.ledger('texts').atomes.get('odd')).toEqual({ ...atome, clocks: '{}', epoch });
      expect(await store.ledger('texts').atomes.after({ after: '', limit: 1, isWhole: true })).toEqual([atome]);
    });

    it('leave out the clocks of keys, but for the stamp that tells an erased atome', async () => {
      const deletedAt = new Date(0).toISOString();
      const [stamps, stamp] = ['{"data.a":"x","redacted":"y"}', '{"redacted":"y"}'];
      const rows = [
        atomeRow('alive', 1, { clocks: stamps }),
        atomeRow('deleted', 2, { clocks: stamps, deletedAt }),
        atomeRow('erased', 3, { clocks: stamp, deletedAt }),
        atomeRow('large', 4, { clocks: stamps, size: 100_000 }),
      ];
      await putRows(store, 'stamps', created(...rows));
      const { atomes, queries } = store.ledger('stamps');
      const ids = rows.map(({ id }) => id);
      const check = (): void => undefined;
      const list = { includeDeleted: true, sortBy: 'id', sortOrder: 'asc', limit: 9, offset: 0 } as const;
      const read = {
        get: await Promise.all(ids.map((id) => atomes.get(id))),
        checked: await Promise.all(ids.map((id) => atomes.get(id, check))),
        some: (await atomes.some(ids)).sort((one, other) => (one.id < other.id ? -1 : 1)),
        list: await queries.list(list),
        found: await queries.list({ ...list, search: '{}' }),
        after: await atomes.after({ after: '', limit: 9 }),
      };
      for (const [way, found] of Object.entries(read)) {
        expect([way, found.map((row) => row!.clocks)]).toEqual([way, ['{}', '{}', stamp, '{}']]);
      }
      const whole = {
        after: await atomes.after({ after: '', limit: 9, isWhole: true }),
        get: await Promise.all(ids.map((id) => atomes.get(id, undefined, true))),
        checked: await Promise.all(ids.map((id) => atomes.get(id, check, true))),
      };
      for (const [way, found] of Object.entries(whole)) {
        expect([way, found.map((row) => row!.clocks)]).toEqual([way, rows.map(({ clocks }) => clocks)]);
      }
    });

    it('keep numbers that a ledger may reach', async () => {
      const seq = 2 ** 33;
      await putRows(store, 'old', created(atomeRow('a', seq)));
      expect(await store.ledger('old').write.head()).toMatchObject({ seq });
      expect(
        seqs(await store.ledger('old').alterations.page({ after: seq - 1, upTo: seq, limit: 10, chars: MUCH })),
      ).toEqual([seq]);
      expect(await store.ledger('old').atomes.get('a')).toMatchObject({ seq, createdSeq: seq });
    });

    it('answer a ping', async () => {
      await expect(store.probe()).resolves.toBeUndefined();
    });
  });
}
