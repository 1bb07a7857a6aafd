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
      expect(await store.alterations(T, 0, 7, 10, MUCH)).toEqual(ALTERATIONS);
      const { epoch } = (await store.head(T))!;
      expect(await store.atome(T, 'b')).toEqual({ ...ATOMES[1], epoch });
      expect(await store.atome(T, 'unknown')).toBeUndefined();
    });

    it('page by place, by rows and by characters', async () => {
      expect(seqs(await store.alterations(T, 2, 5, 10, MUCH))).toEqual([3, 4, 5]);
      expect(seqs(await store.alterations(T, 2, 7, 2, MUCH))).toEqual([3, 4]);
      expect(seqs(await store.alterations(T, 7, 9, 10, MUCH))).toEqual([]);
      // sizes behind 2: 10, 30, 10, 10, 10
      expect(seqs(await store.alterations(T, 2, 7, 10, 0))).toEqual([3]);
      expect(seqs(await store.alterations(T, 2, 7, 10, 9))).toEqual([3]);
      expect(seqs(await store.alterations(T, 2, 7, 10, 10))).toEqual([3, 4]);
      expect(seqs(await store.alterations(T, 2, 7, 10, 40))).toEqual([3, 4, 5]);
    });

    it('find the newest alteration of each atome', async () => {
      expect(seqs(await store.newest(T, 0, 7, 10, MUCH))).toEqual([5, 6, 7]);
      expect(seqs(await store.newest(T, 0, 6, 10, MUCH))).toEqual([5, 6]);
      expect(seqs(await store.newest(T, 0, 4, 10, MUCH))).toEqual([]);
      expect(seqs(await store.newest(T, 5, 7, 1, MUCH))).toEqual([6]);
      expect(seqs(await store.newest(T, 0, 7, 10, 0))).toEqual([5]);
    });

    it('find atomes by their ids', async () => {
      const [a, b] = [await store.atome(T, 'a'), await store.atome(T, 'b')].map((row) => {
        const { epoch: _epoch, ...atome } = row!;
        return atome;
      });
      const found = await store.atomes(T, ['b', 'unknown', 'a']);
      expect([...found].sort((one, other) => (one.id < other.id ? -1 : 1))).toEqual([a, b]);
      expect(await store.atomes(T, [])).toEqual([]);
      expect(await store.atomes('other', ['b'])).toEqual([]);
    });

    it('find versions of one atome', async () => {
      expect(await store.alteration(T, 'a', 3)).toEqual(a3);
      expect(await store.alteration(T, 'a', 5)).toBeUndefined();
      expect(seqs(await store.versions(T, 'a', 2, 4))).toEqual([3, 4, 6]);
      expect(seqs(await store.versions(T, 'a', 4, 9))).toEqual([6]);
      expect(seqs(await store.versions(T, 'unknown', 1, 9))).toEqual([]);
    });

    it('find the rows from a base on', async () => {
      const deltaChain = async (...wanted: [string, number][]): Promise<number[]> =>
        seqs(await store.deltaChain(T, wanted));
      expect(await deltaChain(['a', 2])).toEqual([1, 3]);
      expect(await deltaChain(['a', 3])).toEqual([4]);
      expect(await deltaChain(['a', 4])).toEqual([4, 6]);
      expect(await deltaChain(['b', 2], ['unknown', 1], ['a', 4], ['c', 2])).toEqual([4, 6, 2, 5]);
      expect(await deltaChain()).toEqual([]);
    });

    it('find the chain hash at a seq', async () => {
      expect(await store.hashAt(T, 3)).toBe(ALTERATIONS[2]!.hash);
      expect(await store.hashAt(T, 0)).toBeUndefined();
      expect(await store.hashAt(T, 8)).toBeUndefined();
    });

    it('find heads and tenants', async () => {
      expect((await store.tenants()).sort()).toEqual(['other', T]);
      const heads = await store.heads([T, 'unknown', 'other', `it's "so"`]);
      expect([...heads.keys()].sort()).toEqual(['other', T]);
      expect(heads.get(T)).toEqual(await store.head(T));
      expect(heads.get('other')).toMatchObject({ seq: 2 });
      expect((await store.heads([])).size).toBe(0);
    });

    it('walk over the atomes in order of id', async () => {
      const ids = async (after: string, kinds?: string[], limit = 10): Promise<string[]> =>
        (await store.atomesAfter(T, after, kinds, limit)).map(({ id }) => id);
      expect(await ids('')).toEqual(['a', 'b', 'c']);
      expect(await ids('a', undefined, 1)).toEqual(['b']);
      expect(await ids('', ['note'])).toEqual(['a', 'c']);
      expect(await ids('', ['note', 'shape'])).toEqual(['a', 'b', 'c']);
      expect(await ids('c')).toEqual([]);
    });

    it('end a walk over atomes where their bytes add up', async () => {
      const ids = async (after: string, bytes: number): Promise<string> =>
        (await store.atomesAfter(T, after, undefined, 10, bytes)).map(({ id }) => id).join('');
      // each takes 4
      expect([await ids('', 0), await ids('', 3), await ids('', 4), await ids('', 8)]).toEqual(['a', 'a', 'ab', 'abc']);
      expect([await ids('b', 0), await ids('c', 0)]).toEqual(['c', '']);
    });

    it('tell the history of an atome, newest first, and end where its bytes add up', async () => {
      const history = async (from: number, to: number, bytes = MUCH): Promise<number[]> =>
        seqs(await store.history(T, 'a', from, to, bytes));
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
      const places = await store.headers(T, ['b', 'a', 'unknown']);
      expect([...places].sort((one, next) => (one.id < next.id ? -1 : 1))).toEqual([
        { id: 'a', kind: 'note', type: null, parentId: null, ownerId: 'somebody', access: null },
        { id: 'b', kind: 'shape', type: null, parentId: null, ownerId: 'somebody', access: null },
      ]);
      expect(await store.headers(T, [])).toEqual([]);
    });

    it('never mix tenants', async () => {
      expect(await store.alterations('other', 0, 9, 10, MUCH)).toHaveLength(2);
      expect(await store.newest('other', 0, 9, 10, MUCH)).toHaveLength(2);
      expect(await store.versions('other', 'a', 1, 9)).toHaveLength(1);
      expect(await store.history('other', 'a', 1, 9, MUCH)).toHaveLength(1);
      expect(await store.deltaChain('other', [['b', 1]])).toEqual([]);
      expect(await store.atome('other', 'a')).toMatchObject({ kind: 'other' });
      expect(await store.atome('other', 'b')).toBeUndefined();
      expect(await store.hashAt('nobody', 1)).toBeUndefined();
      expect(await store.atomesAfter('nobody', '', undefined, 10)).toEqual([]);
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
      expect(await store.alteration('texts', 'odd', 1)).toEqual(row);
      const { epoch } = (await store.head('texts'))!;
      expect(await store.atome('texts', 'odd')).toEqual({ ...atome, epoch });
    });

    it('keep numbers that a ledger may reach', async () => {
      const seq = 2 ** 33;
      await putRows(store, 'old', created(atomeRow('a', seq)));
      expect(await store.head('old')).toMatchObject({ seq });
      expect(seqs(await store.alterations('old', seq - 1, seq, 10, MUCH))).toEqual([seq]);
      expect(await store.atome('old', 'a')).toMatchObject({ seq, createdSeq: seq });
    });

    it('answer a ping', async () => {
      await expect(store.probe()).resolves.toBeUndefined();
    });
  });
}
