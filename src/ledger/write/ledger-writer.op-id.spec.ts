import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  by,
  create,
  openLedger,
  SOMEBODY,
  TENANT,
  update,
  write,
  type TestLedger,
} from '../../../test/support/ledger/ledger.js';
import { putRows } from '../../../test/support/ledger/rows.js';
import type { Mutation } from '../../protocol/index.js';
import { verifyLedger } from '../integrity/verify-ledger.js';

describe('the same write under the same opId', () => {
  let ledger: TestLedger;
  beforeEach(async () => {
    ledger = await openLedger();
    await ledger.write(create('a', { x: 1 }));
  });
  afterEach(() => ledger.close());

  const head = async (): Promise<number> => (await ledger.reader.head()).seq;
  const op = (mutation: Mutation, opId = 'op'): Mutation => ({ ...mutation, opId });

  it.each([2, 3, 4, 5])('is one alteration when it comes %d times at once', async (times) => {
    const writes = Array.from({ length: times }, () => ledger.write(op(update('a', { x: 2 }))));
    const [first, ...rest] = await Promise.all(writes);
    expect(first).toMatchObject({ outcome: 'applied', committed: { alteration: { seq: 2 } } });
    for (const each of rest) expect(each).toMatchObject({ outcome: 'duplicate', seq: 2, version: 2, altered: true });
    expect(await head()).toBe(2);
  });

  it.each([2, 3, 4, 5])('is one alteration when it comes %d times, each after the other', async (times) => {
    await ledger.write(op(update('a', { x: 2 })));
    await ledger.write(update('a', { x: 3 }));
    for (let i = 1; i < times; i += 1) {
      expect(await ledger.write(op(update('a', { x: 2 })))).toMatchObject({ outcome: 'duplicate', seq: 2, version: 2 });
    }
    expect(await head()).toBe(3);
  });

  it.each<[string, Mutation, Mutation]>([
    ['create', create('b', { x: 1 }), create('b', { x: 1 })],
    ['create without an id', create('made-1', { x: 1 }), { ...create('made-2', { x: 1 }), freshId: true }],
    ['replace', write('a', 'replace', { data: { y: 1, z: 2 } }), write('a', 'replace', { data: { z: 2, y: 1 } })],
    ['rename', write('a', 'rename', { name: 'n' }), write('a', 'rename', { name: 'n' })],
    ['delete', write('a', 'delete', {}), write('a', 'delete', {})],
    ['restore', write('a', 'restore', { version: 1 }), write('a', 'restore', { version: 1 })],
  ])('is one alteration: %s', async (_name, first, second) => {
    await ledger.write(update('a', { x: 2 }));
    const applied = await ledger.write(op(first));
    const again = await ledger.write(op(second));
    const { seq, atomeId, version } = (applied as Extract<typeof applied, { outcome: 'applied' }>).committed.alteration;
    const { epoch } = applied;
    expect(again).toEqual({ outcome: 'duplicate', epoch, atomeId, seq, version, superseded: [], altered: true });
    expect(await head()).toBe(3);
  });

  it('tells again what was superseded', async () => {
    const old = update('a', { x: 0, y: 1 }, { hlc: '000000000000001-0000-old' });
    const first = await ledger.write(op(old));
    expect(first).toMatchObject({ committed: { alteration: { superseded: ['data.x'] } } });
    expect(await ledger.write(op(old))).toMatchObject({ outcome: 'duplicate', superseded: ['data.x'] });
  });

  it.each<[string, Mutation]>([
    ['body', update('a', { x: 3 })],
    ['operation', write('a', 'patch', { x: 2 })],
    ['atome', update('b', { x: 2 })],
  ])('is refused with another %s', async (_name, second) => {
    await ledger.write(create('b'));
    const outcomes = await Promise.allSettled([update('a', { x: 2 }), second].map((each) => ledger.write(op(each))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(ledger.write(op(second))).rejects.toMatchObject({ code: 'op_reused', status: 409 });
    expect(await head()).toBe(3);
  });

  it('gets the first answer of a no-op, though the atome has changed since', async () => {
    const noop = op(update('a', { x: 1 }));
    const [first, same] = await Promise.all([ledger.write(noop), ledger.write(noop)]);
    expect(first).toMatchObject({ outcome: 'noop', seq: 1, version: 1 });
    expect(same).toMatchObject({ outcome: 'duplicate', seq: 1, version: 1, altered: false });
    await ledger.write(update('a', { x: 2 }));
    expect(await ledger.write(noop)).toEqual({ ...same, superseded: [] });
    await expect(ledger.write(op(update('a', { x: 9 })))).rejects.toMatchObject({ code: 'op_reused' });
    expect(await head()).toBe(2);
  });

  it('is tried anew when it was refused', async () => {
    const patch = op(write('a', 'patch', [{ op: 'replace', path: '/y', value: 1 }]));
    await expect(ledger.write(patch)).rejects.toMatchObject({ code: 'patch_failed' });
    await ledger.write(update('a', { y: 0 }));
    expect(await ledger.write(patch)).toMatchObject({ outcome: 'applied' });
  });

  it('finds a create again without an opId, though others went on', async () => {
    await ledger.write(update('a', { x: 2 }));
    expect(await ledger.write(create('a', { x: 1 }))).toMatchObject({ outcome: 'duplicate', seq: 1, version: 1 });
    await expect(ledger.write(create('a', { x: 7 }))).rejects.toMatchObject({ code: 'exists' });
  });

  it('finds a create again under a new opId, and knows that one too from then on', async () => {
    const other = op(create('a', { x: 1 }), 'other');
    const [, found] = await Promise.all([ledger.write(update('a', { x: 2 })), ledger.write(other)]);
    expect(found).toMatchObject({ outcome: 'duplicate', seq: 1, version: 1 });
    expect(await ledger.write(other)).toEqual(found);
    await expect(ledger.write(op(update('a', { x: 3 }), 'other'))).rejects.toMatchObject({ code: 'op_reused' });
    expect(await head()).toBe(2);
  });

  it('finds a create again in the group that has the first', async () => {
    const [first, , again] = await Promise.all([
      ledger.write(op(create('b', { x: 1 }), 'one')),
      ledger.write(update('b', { x: 2 })),
      ledger.write(op(create('b', { x: 1 }), 'two')),
    ]);
    expect(first).toMatchObject({ outcome: 'applied', committed: { alteration: { seq: 2 } } });
    expect(again).toMatchObject({ outcome: 'duplicate', seq: 2, version: 1 });
  });

  it('names another write in another tenant', async () => {
    await ledger.write(op(update('a', { x: 2 })));
    const elsewhere = ledger.writer.submit('other', op(create('a')), by('somebody'));
    expect(await elsewhere).toMatchObject({ outcome: 'applied', committed: { alteration: { seq: 1 } } });
  });

  it('names another write of somebody else, on the same atome too, at once or later', async () => {
    const mine = op(update('a', { x: 2 }));
    const theirs = op(update('a', { x: 3 }));
    const noop = op(update('a', { x: 1 }));
    const outcomes = await Promise.all([
      ledger.write(mine, by('ann')),
      ledger.write(theirs, by('bob')),
      ledger.write(op(create('c', { x: 1 })), by('cid')),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'applied']);
    expect(await ledger.write(mine, by('ann'))).toMatchObject({ outcome: 'duplicate', seq: 2 });
    expect(await ledger.write(theirs, by('bob'))).toMatchObject({ outcome: 'duplicate', seq: 3 });
    await ledger.write(update('a', { x: 1 }));
    expect(await ledger.write(noop, by('eve'))).toMatchObject({ outcome: 'noop' });
    expect(await ledger.write(noop, by('eve'))).toMatchObject({ outcome: 'duplicate', altered: false });
    expect(await ledger.write(noop, by('fay'))).toMatchObject({ outcome: 'noop' });
    await expect(ledger.write(theirs, by('ann'))).rejects.toMatchObject({ code: 'op_reused' });
    await expect(ledger.write(mine, by('eve'))).rejects.toMatchObject({ code: 'op_reused' });
    expect(await verifyLedger(ledger.store.ledger(TENANT))).toMatchObject({ fault: undefined });
  });

  it('takes as little room for a long change that does nothing as for a short one', async () => {
    const text = 'x'.repeat(100_000);
    await ledger.write(create('long', { text, n: 1 }));
    await ledger.write(update('long', { n: 2 }));
    const writes = [
      { ...update('long', { text, n: 2 }), opId: 'noop' },
      { ...create('long', { text, n: 1 }), opId: 'created' },
    ];
    for (const each of writes) await ledger.write(each);
    const ops = writes.map(({ opId }) => ({ opId, author: SOMEBODY.id }));
    const { receipts } = await ledger.store
      .ledger(TENANT)
      .write.commit({ atomeIds: [], ops }, (before) => ({ additions: null, ...before }));
    expect(receipts.map(({ changes }) => changes.length)).toEqual([45, 45]);
    const reordered = { ...update('long', { n: 2, text }), opId: 'noop' };
    for (const each of [reordered, ...writes]) {
      expect(await ledger.write(each)).toMatchObject({ outcome: 'duplicate', altered: false });
    }
    for (const { opId } of writes) {
      const other = opId === 'noop' ? update('long', { text, n: 3 }) : create('long', { text: `${text}y`, n: 1 });
      await expect(ledger.write({ ...other, opId })).rejects.toMatchObject({ code: 'op_reused' });
    }
  });

  it("of nobody known, from before authors were, is everybody's", async () => {
    const receipt = {
      opId: 'op',
      atomeId: 'a',
      operation: 'update',
      changes: '{"x":1}',
      seq: 1,
      version: 1,
      author: '',
    };
    await putRows(ledger.store, TENANT, { receipts: [receipt] });
    for (const name of ['ann', 'bob']) {
      const again = ledger.write(op(update('a', { x: 1 })), by(name));
      expect(await again).toMatchObject({ outcome: 'duplicate', seq: 1, version: 1 });
      await expect(ledger.write(op(update('a', { x: 2 })), by(name))).rejects.toMatchObject({ code: 'op_reused' });
    }
  });
});
