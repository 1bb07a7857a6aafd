import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { create, openLedger, TENANT, update, write, type TestLedger } from '../../../test/support/ledger/ledger.js';
import type { Mutation } from '../../protocol/index.js';
import { verifyLedger } from '../integrity/verify-ledger.js';

describe('the past of a large document', () => {
  let ledger: TestLedger;
  beforeEach(async () => {
    ledger = await openLedger();
    const map = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`key${n}`, n]));
    await ledger.write(create('map', map));
  });
  afterEach(() => ledger.close());

  it.each<[string, (n: number) => Mutation]>([
    ['updates', (n) => update('map', { key1: `n${n}` })],
    ['patches that take keys away', (n) => write('map', 'patch', { [`key${n}`]: null })],
    ['steps', (n) => write('map', 'patch', [{ op: 'add', path: '/key1', value: `n${n}` }])],
  ])('is folded from at most 64 rows, however many small %s there were', async (_what, change) => {
    const lengths: number[] = [];
    for (let n = 1; n <= 150; n += 1) await ledger.write(change(n));
    for (let version = 1; version <= 151; version += 5) {
      lengths.push((await ledger.store.ledger(TENANT).alterations.deltaChain([['map', version]])).length);
    }
    expect(Math.max(...lengths)).toBeLessThanOrEqual(64);
    const now = await ledger.reader.get('map');
    expect((await ledger.reader.stateAt('map', 151))?.data).toEqual(now.data);
    expect((await verifyLedger(ledger.store.ledger(TENANT))).fault).toBeUndefined();
  });

  it('is left behind once little of it is left', async () => {
    await ledger.write(create('large', { text: 'x'.repeat(600_000) }));
    await ledger.write(write('large', 'replace', { data: { text: 'small' } }));
    await ledger.write(update('large', { n: 1 }));
    for (const version of [2, 3]) {
      const rows = await ledger.store.ledger(TENANT).alterations.deltaChain([['large', version]]);
      expect(JSON.stringify(rows).length).toBeLessThan(10_000);
    }
    expect((await ledger.reader.stateAt('large', 3))?.data).toEqual({ text: 'small', n: 1 });
    expect((await verifyLedger(ledger.store.ledger(TENANT))).fault).toBeUndefined();
  });
});
