import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { by, create, openLedger, TENANT, update, write, type TestLedger } from '../../../test/support/ledger/ledger.js';
import { queryOf } from '../../../test/support/ledger/raw-query.js';
import { verifyLedger, type VerifyResult } from './verify-ledger.js';

describe('verifying a ledger', () => {
  let ledger: TestLedger;
  beforeEach(async () => {
    ledger = await openLedger();
    const data = { text: 'x'.repeat(600), n: 0 };
    await ledger.write(create('a', data, { opId: 'op-1', reason: 'why' }), by('me', 'c1'));
    await ledger.write(create('b'));
    for (let n = 1; n <= 30; n += 1) await ledger.write(update('a', { n }));
    await ledger.write(update('a', { n: -1, m: 1 }, { hlc: '000000000000001-0000-old' }));
    await ledger.write(write('b', 'delete', {}, { reason: 'done' }));
  });
  afterEach(() => ledger.close());

  const verify = (): Promise<VerifyResult> => verifyLedger(ledger.store.ledger(TENANT));
  const query = (sql: string, params?: unknown[]): Promise<unknown> => queryOf(ledger.store)(sql, params);
  const columnsOf = async (table: string): Promise<string[]> =>
    ((await query(`PRAGMA table_info(atome_${table})`)) as { name: string }[])
      .map(({ name }) => name)
      .filter((name) => name !== 'tenant');
  const rowsOf = (table: string): Promise<Record<string, unknown>[]> =>
    query(`SELECT * FROM atome_${table}`) as Promise<Record<string, unknown>[]>;

  it('finds it sound as it was written', async () => {
    const progress: number[] = [];
    const result = await verifyLedger(ledger.store.ledger(TENANT), (seq) => progress.push(seq));
    expect(result).toEqual({ tenant: TENANT, alterations: 34, atomes: 2, fault: undefined });
    expect(progress.at(-1)).toBe(34);
  });

  it('finds an empty ledger sound', async () => {
    await ledger.store.ledger('empty').write.open();
    expect(await verifyLedger(ledger.store.ledger('empty'))).toMatchObject({ alterations: 0, fault: undefined });
  });

  /** Values other than the one there, of the same type as far as there is one. */
  const others = (value: unknown): unknown[] => {
    if (typeof value === 'number') return [value + 1, value - 1, 10 ** 6];
    if (typeof value !== 'string') return ['x', '{}'];
    const last = value.length - 1;
    return [`${value}x`, `${value.slice(0, last)}${value[last] === '0' ? '1' : '0'}`, 'null', '{}'];
  };

  it.each([
    ['alterations', 'seq', [1, 2, 12, 33, 34]],
    ['atomes', 'version', [31, 32, 2]],
    ['ledgers', 'seq', [34]],
  ] as const)('finds every changed column of %s', async (table, key, places) => {
    const columns = await columnsOf(table);
    const unseen: string[] = [];
    for (const row of (await rowsOf(table)).filter((each) => (places as readonly unknown[]).includes(each[key]))) {
      for (const column of columns) {
        for (const value of others(row[column]).filter((each) => each !== row[column])) {
          await query('BEGIN');
          const changed = query(
            `UPDATE atome_${table} SET "${column}" = ? WHERE tenant = ? AND ${key} = ? AND "${columns[0]!}" = ?`,
            [value, TENANT, row[key], row[columns[0]!]],
          );
          const possible = await changed.then(
            () => true,
            () => false, // a key that is taken
          );
          if (possible && !(await verify()).fault) unseen.push(`${column}=${String(value)}`);
          await query('ROLLBACK');
        }
      }
    }
    expect(unseen).toEqual([]);
    expect(await verify()).toMatchObject({ fault: undefined });
  });

  it('finds a snapshot that has been changed', async () => {
    const [row] = (await query('SELECT seq FROM atome_alterations WHERE snapshot IS NOT NULL LIMIT 1')) as {
      seq: number;
    }[];
    await query(`UPDATE atome_alterations SET snapshot = replace(snapshot, 'x', 'y') WHERE seq = ?`, [row!.seq]);
    expect((await verify()).fault).toMatchObject({ seq: row!.seq, atomeId: 'a' });
  });

  it.each([1, 2, 17, 34])('finds that row %d is missing', async (seq) => {
    await query('DELETE FROM atome_alterations WHERE seq = ?', [seq]);
    expect((await verify()).fault).toMatchObject({ seq, reason: expect.stringContaining('missing') });
  });

  it('finds a missing atome, and one too many', async () => {
    await query('BEGIN');
    await query(`DELETE FROM atome_atomes WHERE id = 'b'`);
    expect((await verify()).fault?.reason).toBe('2 atomes were created, and 1 are there');
    await query('ROLLBACK');
    await query(
      `INSERT INTO atome_atomes SELECT tenant, 'c', ${(await columnsOf('atomes')).slice(1).join()} FROM atome_atomes LIMIT 1`,
    );
    expect((await verify()).fault).toMatchObject({ atomeId: 'c' });
  });

  it('does not mind what is written meanwhile', async () => {
    const verdict = verifyLedger(ledger.store.ledger(TENANT), () => {
      void ledger.write(update('a', { n: 99 }));
      void ledger.write(create('c'));
    });
    expect(await verdict).toMatchObject({ alterations: 34, fault: undefined });
    await ledger.writer.drain();
    expect(await verify()).toMatchObject({ alterations: 36, fault: undefined });
  });
});
