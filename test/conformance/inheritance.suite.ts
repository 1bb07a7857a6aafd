import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { headerOf } from '../../src/ledger/access-columns.js';
import { MAX_DESCENDANTS, type LedgerStore, type ListQuery, type LockedState } from '../../src/ledger/store.js';
import type { AtomeRow } from '../../src/ledger/rows.js';
import { alterationRow, atomeRow, created, putRows } from '../support/ledger/rows.js';
import type { StoreFixture, StoreKind } from './fixture.js';

const ALL: ListQuery = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', limit: 100, offset: 0 };
const STARTED = { parentId: 'top', seq: 9, author: 'ann', origin: 'top', onlyIfOthers: false };
let tenants = 0;

/** What a store promises of those that inherit, and of what is still to be propagated. */
export function inheritanceSuite({ shared, make }: StoreKind): void {
  let fixture: StoreFixture;
  let store: LedgerStore;
  let other: LedgerStore;
  let tenant: string;
  beforeAll(async () => {
    fixture = await make();
    store = await fixture.open();
    other = shared ? await fixture.open() : store;
  });
  beforeEach(async () => {
    tenant = `descendants-${(tenants += 1)}`;
    await putRows(store, tenant, created(...TREE));
    await putRows(store, `${tenant}-other`, created(descendant('foreign', 1, 'top', 'eve')));
  });
  afterAll(() => fixture.close());

  const open = '{"access":"inherit","inherited":"tenant","names":["*"],"kinds":["note"]}';
  const descendant = (id: string, seq: number, of: string, ownerId: string): AtomeRow =>
    atomeRow(id, seq, { parentId: of, heirOf: of, ownerId, access: open });
  const TREE = [
    atomeRow('top', 1, {
      ownerId: 'ann',
      access: '{"access":"private","names":["*"],"kinds":["note"]}',
      readers: '\n=ann\n',
    }),
    descendant('mid', 2, 'top', 'bob'),
    descendant('low', 3, 'mid', 'cid'),
    descendant('leaf', 4, 'low', 'cid'),
    atomeRow('alone', 5, { ownerId: 'dee' }),
    descendant('under', 6, 'alone', 'dee'),
  ];
  const parts = () => other.ledger(tenant);
  const start = (more: object = {}): Promise<void> =>
    putRows(store, tenant, { propagations: [{ ...STARTED, ...more }] });
  const locked = (touched: object): Promise<LockedState> =>
    parts().write.commit({ atomeIds: [], ops: [], ...touched }, (seen) => ({ additions: null, ...seen }));
  const nowOf = async (id: string): Promise<unknown> => {
    const [row] = await parts().atomes.headers([id]);
    return headerOf(row!).inheritedNow;
  };

  describe('what inherits', () => {
    it('is read by itself as long as nothing is propagated', async () => {
      await start({ parentId: 'leaf' });
      for (const id of ['top', 'mid', 'leaf', 'under']) expect(await nowOf(id)).toBeUndefined();
      const { atomes } = await locked({ atomeIds: ['leaf'] });
      expect(atomes).toMatchObject([{ id: 'leaf', ancestors: null }]);
    });

    it('is read with those above it while something is, in every way', async () => {
      await start();
      expect(await nowOf('top')).toBeUndefined();
      expect(await nowOf('mid')).toEqual({ read: [], write: ['ann'] });
      const leaf = { read: [], write: ['ann', 'bob', 'cid'] };
      expect(await nowOf('leaf')).toEqual(leaf);
      expect(await nowOf('under')).toBeUndefined();
      const { atomes, queries } = parts();
      const rows = [
        await atomes.get('leaf'),
        await atomes.get('leaf', () => undefined),
        ...(await atomes.some(['leaf'])),
        ...(await queries.list({ ...ALL, parentId: 'low' })),
        ...(await atomes.after({ after: 'alone', limit: 1 })),
        ...(await locked({ atomeIds: ['leaf'] })).atomes,
      ];
      expect(rows.map((row) => [row!.id, headerOf(row!).inheritedNow])).toEqual(rows.map(() => ['leaf', leaf]));
    });

    it('is read for a write with those above it wherever they are needed, and with its parent', async () => {
      const asked = { atomeIds: ['mid'], needsAncestors: true, parentsAmong: () => ['leaf', 'unknown'] };
      const { atomes, parents } = await locked(asked);
      expect(atomes.map((row) => [row.id, headerOf(row).inheritedNow])).toEqual([
        ['mid', { read: [], write: ['ann'] }],
        ['leaf', { read: [], write: ['ann', 'bob', 'cid'] }],
      ]);
      expect(parents).toEqual(['leaf', 'unknown']);
    });

    it('is listed for those alone who may read it by what it inherits now, too', async () => {
      const seenBy = async (...names: string[]): Promise<string> => {
        const query = { ...ALL, visibleTo: { names, exceptKinds: [] } };
        const rows = await parts().queries.list(query);
        expect(await parts().queries.count(query)).toBe(rows.length);
        return rows.map(({ id }) => id).join();
      };
      expect(await seenBy('=eve')).toBe('alone,leaf,low,mid,under');
      await start();
      expect(await seenBy('=eve')).toBe('alone,under');
      expect(await seenBy('=ann')).toBe('alone,leaf,low,mid,top,under');
      expect(await seenBy('=bob')).toBe('alone,leaf,low,mid,under');
      expect(await seenBy('=cid', '=x')).toBe('alone,leaf,low,under');
      const opened = atomeRow('top', 20, { ownerId: 'ann', version: 2, createdSeq: 1 });
      await putRows(store, tenant, { atomes: [opened], alterations: [alterationRow(20, 'top', 2)] });
      expect(await seenBy('=eve')).toBe('alone,leaf,low,mid,top,under');
    });

    it('is counted by owner, from the uppermost above what adopts and from what changes', async () => {
      const count = async (adopters: string[], changed: string[]): Promise<[string, number][]> => {
        const { descendants } = await locked({ atomeIds: ['top'], countedAmong: () => ({ adopters, changed }) });
        return [...descendants!].sort();
      };
      expect(await count(['leaf'], [])).toEqual([
        ['bob', 1],
        ['cid', 2],
      ]);
      expect(await count([], ['low'])).toEqual([['cid', 1]]);
      expect(await count(['alone'], ['low', 'unknown'])).toEqual([
        ['cid', 1],
        ['dee', 1],
      ]);
      expect((await locked({ countedAmong: () => ({ adopters: [], changed: [] }) })).descendants).toBeUndefined();
    });

    it('is counted up to one more than there may be', async () => {
      const many = Array.from({ length: MAX_DESCENDANTS + 5 }, (_, n) =>
        descendant(`many-${n}`, n + 10, 'alone', 'eve'),
      );
      await putRows(store, tenant, created(...many));
      const { descendants } = await locked({ countedAmong: () => ({ adopters: [], changed: ['alone'] }) });
      expect([...descendants!.values()].reduce((sum, each) => sum + each)).toBe(MAX_DESCENDANTS + 1);
    }, 60_000);
  });

  describe('a propagation', () => {
    it('is begun where something inherits, and anew when it changes again', async () => {
      expect(await parts().write.nextDescendants(10, 1_000)).toBeUndefined();
      await start({ parentId: 'leaf' });
      await start({ onlyIfOthers: true });
      expect(await parts().write.nextDescendants(10, 1_000)).toBeUndefined();
      await start();
      const propagation = { parentId: 'top', afterId: '', seq: 9, author: 'ann', origin: 'top', again: 0 };
      expect(await parts().write.nextDescendants(10, 1_000)).toEqual({ propagation, ids: ['mid'], isEnd: true });
      await start({ seq: 8, parentId: 'alone', onlyIfOthers: true });
      expect(await parts().write.nextDescendants(10, 1_000)).toMatchObject({
        propagation: { parentId: 'alone', seq: 8, again: 1 },
        ids: ['under'],
      });
      await start({ seq: 12 });
      await putRows(store, tenant, { progress: { parentId: 'alone', seq: 8, afterId: null } });
      expect(await parts().write.nextDescendants(10, 1_000)).toMatchObject({ propagation: { seq: 12, again: 1 } });
    });

    it('goes on behind those who were told, a bounded number and so many bytes at once', async () => {
      const more = ['a', 'b', 'c', 'd'].map((id, n) => ({ ...descendant(id, n + 10, 'alone', 'eve'), size: 100 }));
      await putRows(store, tenant, created(...more));
      await start({ parentId: 'alone' });
      const next = async (limit: number, bytes: number): Promise<unknown> => {
        const { ids, isEnd } = (await parts().write.nextDescendants(limit, bytes))!;
        return [ids.join(''), isEnd];
      };
      expect(await next(3, 1_000)).toEqual(['abc', false]);
      expect(await next(9, 150)).toEqual(['ab', false]);
      expect(await next(9, 0)).toEqual(['a', false]);
      await putRows(store, tenant, { progress: { parentId: 'alone', seq: 9, afterId: 'b' } });
      expect(await next(9, 1_000)).toEqual(['cdunder', true]);
      await start({ parentId: 'alone', seq: 20 });
      await putRows(store, tenant, { progress: { parentId: 'alone', seq: 9, afterId: null } });
      expect(await next(2, 1_000)).toEqual(['ab', false]);
      await putRows(store, tenant, { progress: { parentId: 'alone', seq: 20, afterId: null } });
      expect(await parts().write.nextDescendants(10, 1_000)).toBeUndefined();
    });

    it('is found by a server that starts', async () => {
      expect(await other.propagating()).not.toContain(tenant);
      await start();
      expect(await other.propagating()).toContain(tenant);
    });
  });
}
