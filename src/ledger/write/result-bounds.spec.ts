import { afterEach, describe, expect, it } from '@jest/globals';
import {
  create,
  openLedger,
  TENANT,
  update,
  write,
  type TestLedger,
  type TestLedgerOptions,
} from '../../../test/support/ledger/ledger.js';
import { queryOf } from '../../../test/support/ledger/raw-query.js';
import type { JsonObject, Mutation } from '../../protocol/index.js';
import { MAX_CLOCK_CHARS } from '../../protocol/merge/keys.js';
import { verifyLedger } from '../integrity/verify-ledger.js';

const LIMITS = { jsonNodes: 10, messageBytes: 2_000 };
const keysOf = (from: number, to: number, value: JsonObject[string] = 0): JsonObject =>
  Object.fromEntries(Array.from({ length: to - from }, (_, n) => [`k${from + n}`, value]));

describe('what a write makes of an atome', () => {
  let ledger: TestLedger;
  afterEach(() => ledger.close());
  const open = async (limits: TestLedgerOptions['limits'] = {}, before?: TestLedger): Promise<void> => {
    await before?.writer.drain();
    ledger = await openLedger(before?.store, { limits });
  };
  const fill = (values: number): Promise<unknown> => ledger.write(create('a', keysOf(0, values)));

  it.each<[string, Mutation]>([
    ['an update', update('a', keysOf(200, 300))],
    ['a merge patch', write('a', 'patch', { k0: keysOf(0, 100) })],
    [
      'a JSON Patch',
      write('a', 'patch', [{ op: 'add', path: '/k0', value: Array.from({ length: 9 }, () => keysOf(0, 9)) }]),
    ],
    ['a replace', write('a', 'replace', { meta: keysOf(0, 100) })],
    ['tags', write('a', 'tag', { tags: Array.from({ length: 100 }, () => 't') })],
  ])('holds a bounded number of values, whichever write adds them: %s', async (_what, mutation) => {
    await open({ jsonNodes: 10 });
    await fill(90);
    await expect(ledger.write(mutation)).rejects.toMatchObject({ code: 'too_complex' });
    await expect(ledger.write(update('a', keysOf(0, 80, 'more')))).resolves.toBeDefined();
  });

  it('can be made smaller, also where it is beyond what is allowed by now', async () => {
    await open();
    await fill(300);
    await ledger.write(update('a', { text: 'x'.repeat(4_000) }));
    await open(LIMITS, ledger);
    for (const mutation of [
      update('a', { k1: 10 }),
      update('a', { more: 1 }),
      write('a', 'rename', { name: 'longer' }),
    ]) {
      await expect(ledger.write(mutation)).rejects.toMatchObject({ code: 'too_large' });
    }
    const smaller = [
      update('a', { k1: 1 }),
      update('a', { text: 'x'.repeat(3_000) }),
      write('a', 'patch', { text: null }),
      write('a', 'patch', keysOf(0, 100, null)),
      write('a', 'share', { access: 'private' }),
      write('a', 'delete', {}),
      write('a', 'redact', {}),
    ];
    for (const mutation of smaller) {
      await expect(ledger.write(mutation)).resolves.toMatchObject({ outcome: 'applied' });
    }
  });

  it('may lose values while there are still too many', async () => {
    await open();
    await fill(300);
    await open({ jsonNodes: 10 }, ledger);
    await expect(ledger.write(update('a', { more: 1 }))).rejects.toMatchObject({ code: 'too_complex' });
    await ledger.write(update('a', { k1: 1 }));
    await ledger.write(write('a', 'patch', keysOf(0, 50, null)));
    await ledger.write(write('a', 'delete', {}));
  });

  it('keeps a bounded length of stamps, and its ledger is sound, also with those that an earlier version has kept', async () => {
    await open();
    const long = (n: number): string => `${n}`.padEnd(250, 'k');
    await ledger.write(create('a'));
    for (let from = 0; from < 1_200; from += 100) {
      await ledger.write(update('a', Object.fromEntries(Array.from({ length: 100 }, (_, n) => [long(from + n), 0]))));
    }
    const row = (await ledger.store.ledger(TENANT).atomes.get('a', undefined, true))!;
    expect(row.clocks.length).toBeLessThan(MAX_CLOCK_CHARS);
    expect(row.size).toBeGreaterThan(row.data.length + row.clocks.length);
    const fault = async (): Promise<unknown> => (await verifyLedger(ledger.store.ledger(TENANT))).fault;
    expect(await fault()).toBeUndefined();
    const kept = JSON.parse(row.clocks) as Record<string, string>;
    expect([`data.${long(0)}` in kept, `data.${long(1_199)}` in kept]).toEqual([false, true]);
    await queryOf(ledger.store)(
      `UPDATE atome_atomes SET clocks = replace(clocks, '"data.${long(1_199)}"', '"data.${long(0)}"')`,
    );
    expect(await fault()).toBeUndefined();
    await queryOf(ledger.store)(`UPDATE atome_atomes SET data = replace(data, '"${long(0)}":0', '"${long(0)}":1')`);
    expect(await fault()).toMatchObject({ atomeId: 'a' });
  });
});
