import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { create, openLedger, TENANT, write, type TestLedger } from '../../../test/support/ledger/ledger.js';
import { MAX_DESCENDANTS } from '../store.js';
import { verifyLedger } from '../integrity/verify-ledger.js';

const content = { kind: 'note', type: null, data: {}, meta: {} };
const descendant = (id: string, parentId: string) => write(id, 'create', { ...content, parentId, access: 'inherit' });

describe('descendants', () => {
  let ledger: TestLedger;
  beforeEach(async () => {
    ledger = await openLedger();
  });
  afterEach(() => ledger.close());

  const inherited = async (id: string): Promise<unknown> => {
    await ledger.settled();
    return (await ledger.reader.get(id)).inherited;
  };

  it('are found also where they were made, moved and shared in the same group', async () => {
    await ledger.write(create('top'));
    await Promise.all([
      ledger.write(descendant('one', 'top')),
      ledger.write(descendant('two', 'one')),
      ledger.write(write('top', 'share', { access: 'private' })),
      ledger.write(descendant('late', 'two')),
      ledger.write(create('other')),
      ledger.write(write('two', 'replace', { parentId: 'other' })),
      ledger.write(write('one', 'share', { access: 'tenant' })),
    ]);
    const nobodys = { read: [], write: ['somebody'] };
    expect(await inherited('two')).toBe('tenant');
    expect(await inherited('late')).toBe('tenant');
    await Promise.all([
      ledger.write(write('one', 'share', { access: 'inherit' })),
      ledger.write(write('other', 'share', { access: 'inherit' })).catch(() => undefined),
      ledger.write(write('two', 'replace', { parentId: 'one' })),
    ]);
    expect(await inherited('late')).toEqual(nobodys);
    expect((await verifyLedger(ledger.store.ledger(TENANT))).fault).toBeUndefined();
  });

  it('lose nothing to a move that comes too late by its clock', async () => {
    await ledger.write(create('open'));
    await ledger.write(write('closed', 'create', { ...content, parentId: null, access: 'private' }));
    await ledger.write(descendant('one', 'open'));
    const late = { hlc: '000001700000000000-0000-n' };
    await ledger.write(write('one', 'replace', { parentId: 'closed' }, late));
    expect(await ledger.reader.get('one')).toMatchObject({ parentId: 'open', inherited: 'tenant', version: 2 });
  });

  it('are not given more copies of a long access than a transaction should hold', async () => {
    await ledger.write(create('top'));
    await Promise.all(Array.from({ length: 100 }, (_, n) => ledger.write(descendant(`descendant-${n}`, 'top'))));
    const read = Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(128, 'x'));
    const write200 = { read, write: read.map((name) => `y${name.slice(1)}`) };
    await ledger.write(write('top', 'share', { access: 'private' }));
    await expect(ledger.write(write('top', 'share', { access: write200 }))).rejects.toMatchObject({
      code: 'too_large',
    });
    expect(await inherited('descendant-0')).toEqual({ read: [], write: ['somebody'] });
    await ledger.write(write('top', 'share', { access: { read: ['group:staff'], write: [] } }));
    expect(await inherited('descendant-99')).toEqual({ read: ['group:staff'], write: ['somebody'] });
  });

  it('are all changed, and a group with too many is decided one by one', async () => {
    await ledger.write(create('top'));
    const ids = Array.from({ length: MAX_DESCENDANTS + 1 }, (_, n) => `descendant-${n}`);
    await Promise.all(ids.slice(1).map((id) => ledger.write(descendant(id, 'top'))));
    await ledger.write(write('top', 'share', { access: 'private' }));
    await ledger.settled();
    expect((await ledger.store.ledger(TENANT).write.head())!.seq).toBe(2 + 2 * MAX_DESCENDANTS);
    const writes = [
      descendant('descendant-0', 'top'),
      create('free'),
      write('descendant-1', 'share', { access: 'tenant' }),
    ];
    const settled = await Promise.allSettled(writes.map((each) => ledger.write(each)));
    expect(settled).toMatchObject([
      { status: 'rejected', reason: { code: 'too_large' } },
      { status: 'fulfilled' },
      { status: 'fulfilled' },
    ]);
    await ledger.write(write('top', 'share', { access: 'tenant' }));
    await ledger.write(descendant('descendant-0', 'descendant-1'));
    expect(await inherited(`descendant-${MAX_DESCENDANTS}`)).toBe('tenant');
  });
});
