import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { HeadRow } from '../../src/ledger/rows.js';
import type { LockedState, LedgerStore, WriteName } from '../../src/ledger/store.js';
import { alterationRow, atomeRow, created, putRows } from '../support/ledger/rows.js';
import type { StoreFixture, StoreKind } from './fixture.js';

const NOTHING = { atomeIds: [], ops: [] };
let tenants = 0;

/** What `open` and `commit` promise. */
export function commitSuite({ shared, make }: StoreKind): void {
  let fixture: StoreFixture;
  let store: LedgerStore;
  /** The same database, seen by another process where it can be shared. */
  let other: LedgerStore;
  let tenant: string;
  beforeAll(async () => {
    fixture = await make();
    store = await fixture.open();
    other = shared ? await fixture.open() : store;
  });
  beforeEach(() => {
    tenant = `tenant-${++tenants}`;
  });
  afterAll(() => fixture.close());

  /** Adds one new atome where the ledger stands. */
  const addOne = (to: LedgerStore): Promise<{ seq: number; additions: object }> =>
    to.ledger(tenant).write.commit(NOTHING, ({ head }) => {
      const seq = head.seq + 1;
      const row = alterationRow(seq, `a${seq}`, 1);
      const next: HeadRow = { ...head, seq, hash: row.hash };
      const additions = { head: next, alterations: [row], atomes: [atomeRow(`a${seq}`, seq)], receipts: [] };
      return { seq, additions };
    });
  const before = (to: LedgerStore, atomeIds: string[], ops: WriteName[], createIds?: string[]): Promise<LockedState> =>
    to
      .ledger(tenant)
      .write.commit({ atomeIds, ops, createIds: createIds ?? [] }, (seen) => ({ additions: null, ...seen }));

  describe('open', () => {
    it('makes an empty ledger, and finds it ever after', async () => {
      expect(await store.ledger(tenant).write.head()).toBeUndefined();
      const head = await store.ledger(tenant).write.open();
      expect(head).toMatchObject({ seq: 0, epoch: expect.stringMatching(/^[0-9a-f-]{36}$/) });
      await addOne(store);
      expect(await other.ledger(tenant).write.open()).toEqual({
        ...head,
        seq: 1,
        hash: alterationRow(1, 'a1', 1).hash,
      });
      expect(await other.ledger(tenant).write.head()).toMatchObject({ epoch: head.epoch, seq: 1 });
    });

    it('makes one ledger, however many ask at once', async () => {
      const heads = await Promise.all(
        [store, other, store, other, other].map((each) => each.ledger(tenant).write.open()),
      );
      expect(new Set(heads.map(({ epoch }) => epoch)).size).toBe(1);
      expect(heads[0]).toEqual(await store.ledger(tenant).write.head());
    });
  });

  describe('commit', () => {
    it('shows the head, the touched atomes and the known opIds, and nothing else', async () => {
      await putRows(store, tenant, {
        atomes: [atomeRow('a1', 1), atomeRow('a2', 2)],
        alterations: [alterationRow(1, 'a1', 1, { opId: 'op-1', superseded: '["kind"]' }), alterationRow(2, 'a2', 1)],
        receipts: [
          { opId: 'op-2', atomeId: 'a2', operation: 'update', changes: '{"x":1}', seq: 2, version: 1, author: 'me' },
        ],
      });
      const names = ['op-1', 'op-2', 'op-3'].flatMap((opId) => [
        { opId, author: 'somebody' },
        { opId, author: 'me' },
      ]);
      const seen = await before(other, ['a1', 'unknown'], names, ['a1', 'unknown']);
      expect(seen.creations).toEqual([alterationRow(1, 'a1', 1, { opId: 'op-1', superseded: '["kind"]' })]);
      expect(seen.head).toEqual(await store.ledger(tenant).write.head());
      expect(seen.atomes).toEqual([atomeRow('a1', 1)]);
      expect([...seen.receipts].sort((a, b) => a.seq - b.seq)).toEqual([
        {
          opId: 'op-1',
          atomeId: 'a1',
          operation: 'create',
          changes: '{}',
          seq: 1,
          version: 1,
          author: 'somebody',
          superseded: '["kind"]',
          timestamp: '1970-01-01T00:00:01.000Z',
        },
        {
          opId: 'op-2',
          atomeId: 'a2',
          operation: 'update',
          changes: '{"x":1}',
          seq: 2,
          version: 1,
          author: 'me',
          superseded: null,
          timestamp: '1970-01-01T00:00:02.000Z',
        },
      ]);
      expect(await before(store, [], [])).toMatchObject({ atomes: [], receipts: [], creations: [] });
    });

    it('keeps the opIds of each author apart, and shows those of nobody known to everybody', async () => {
      const write = { opId: 'op', operation: 'update', changes: '{}', version: 1 };
      const author = (id: string): WriteName => ({ opId: 'op', author: id });
      await putRows(store, tenant, {
        atomes: [atomeRow('a1', 1), atomeRow('a2', 2)],
        alterations: [
          alterationRow(1, 'a1', 1, { opId: 'op', author: 'ann' }),
          alterationRow(2, 'a2', 1, { opId: 'op', author: 'bob' }),
        ],
        receipts: [
          { ...write, atomeId: 'a1', seq: 1, author: 'cid' },
          { ...write, atomeId: 'a2', seq: 2, author: '' },
        ],
      });
      const authorsFor = async (...ops: WriteName[]): Promise<string[]> =>
        (await before(other, [], ops)).receipts.map((row) => row.author).sort();
      expect(await authorsFor(author('ann'))).toEqual(['', 'ann']);
      expect(await authorsFor(author('bob'), author('cid'))).toEqual(['', 'bob', 'cid']);
      expect(await authorsFor(author('eve'))).toEqual(['']);
      expect(await authorsFor({ opId: 'other', author: 'ann' })).toEqual([]);
    });

    it('writes new atomes and overwrites known ones', async () => {
      await putRows(store, tenant, created(atomeRow('a1', 1)));
      const next = atomeRow('a1', 2, { version: 2, kind: 'shape', data: '{"x":1}', deletedAt: 'now', createdSeq: 1 });
      await putRows(store, tenant, { atomes: [next], alterations: [alterationRow(2, 'a1', 2)] });
      const { epoch } = (await other.ledger(tenant).write.head())!;
      expect(await other.ledger(tenant).atomes.get('a1')).toEqual({ ...next, epoch });
    });

    it('writes nothing when there are no additions', async () => {
      const head = await store.ledger(tenant).write.open();
      expect(await store.ledger(tenant).write.commit(NOTHING, () => ({ additions: null, said: 'this' }))).toMatchObject(
        {
          said: 'this',
        },
      );
      expect(await store.ledger(tenant).write.head()).toEqual(head);
    });

    it('writes nothing when the plan throws, and goes on', async () => {
      const head = await store.ledger(tenant).write.open();
      const fault = new Error('no plan');
      const failed = store.ledger(tenant).write.commit(NOTHING, () => {
        throw fault;
      });
      await expect(failed).rejects.toBe(fault);
      expect(await store.ledger(tenant).write.head()).toEqual(head);
      expect(await addOne(store)).toMatchObject({ seq: 1 });
    });

    it('writes all or nothing', async () => {
      await putRows(store, tenant, created(atomeRow('a1', 1)));
      const head = await store.ledger(tenant).write.head();
      const twice = [alterationRow(2, 'a2', 1), alterationRow(3, 'a1', 1)];
      const failed = putRows(store, tenant, { alterations: twice, atomes: [atomeRow('a2', 2)] });
      await expect(failed).rejects.toMatchObject({ code: expect.any(String) });
      expect(await other.ledger(tenant).write.head()).toEqual(head);
      expect(await other.ledger(tenant).atomes.get('a2')).toBeUndefined();
      expect(await other.ledger(tenant).alterations.page({ after: 0, upTo: 9, limit: 10, chars: 1_000 })).toHaveLength(
        1,
      );
      expect(await addOne(store)).toMatchObject({ seq: 2 });
    });

    it('lets a failure in one tenant concern no other that commits at once', async () => {
      const names = ['a', 'twice', 'b', 'unplanned', 'c'].map((name) => `${tenant}-${name}`);
      await Promise.all(names.map((name) => store.ledger(name).write.open()));
      const settled = await Promise.allSettled(
        names.map((name) =>
          store.ledger(name).write.commit(NOTHING, ({ head }) => {
            if (name.endsWith('unplanned')) throw new Error('no plan');
            const rows = [alterationRow(1, 'a1', 1), alterationRow(2, name.endsWith('twice') ? 'a1' : 'a2', 1)];
            const next = { ...head, seq: 2, hash: rows[1]!.hash };
            return { additions: { head: next, alterations: rows, atomes: [atomeRow('a1', 1)], receipts: [] } };
          }),
        ),
      );
      expect(settled.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      const heads = await other.heads(names);
      expect(names.map((name) => heads.get(name)?.seq)).toEqual([2, 0, 2, 0, 2]);
      expect(await other.ledger(names[1]!).alterations.page({ after: 0, upTo: 9, limit: 10, chars: 1_000 })).toEqual(
        [],
      );
      expect(await other.ledger(names[1]!).atomes.get('a1')).toBeUndefined();
    });

    it('is refused for a tenant without a ledger', async () => {
      await expect(addOne(store)).rejects.toMatchObject({ code: 'unavailable' });
    });

    it('gives seqs without a gap, and shows them in order, whoever commits', async () => {
      await store.ledger(tenant).write.open();
      let done = false;
      const writes = Promise.all(Array.from({ length: 40 }, (_, i) => addOne(i % 2 === 0 ? store : other)));
      const readers = [store, other].map(async (each) => {
        for (let last = 0; !done;) {
          const { seq } = (await each.ledger(tenant).write.head())!;
          const rows = await each.ledger(tenant).alterations.page({ after: 0, upTo: seq, limit: 100, chars: 10_000 });
          expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: seq }, (_, i) => i + 1));
          expect(seq).toBeGreaterThanOrEqual(last);
          last = seq;
          await new Promise(setImmediate);
        }
      });
      const seqs = (await writes).map(({ seq }) => seq);
      done = true;
      await Promise.all(readers);
      expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
      expect(await store.ledger(tenant).write.head()).toMatchObject({ seq: 40 });
    });
  });
}
