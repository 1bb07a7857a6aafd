import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import { LedgerDataSource } from '../../src/database/ledger-data-source.js';
import { SqliteFile } from '../../src/ledger/stores/sqlite/sqlite.file.js';
import { SqliteStore } from '../../src/ledger/stores/sqlite/sqlite.store.js';
import { atomeRow, created, putRows } from '../support/ledger/rows.js';

describe('the store on SQLite', () => {
  let folder: string;
  let dataSource: DataSource;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'atome-store-'));
    dataSource = await new LedgerDataSource(`sqlite:${join(folder, 'atome.sqlite')}`).initialize();
    await dataSource.runMigrations();
  });
  afterEach(async () => {
    if (dataSource.isInitialized) await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  it.each(['synchronous = NORMAL', 'journal_mode = DELETE'])('does not run with %s', async (pragma) => {
    await dataSource.query(`PRAGMA ${pragma}`);
    expect(() => new SqliteStore(dataSource)).toThrow('FULL and wal are needed');
  });

  it('writes what comes for other tables in one turn with a single flush, and each by itself', async () => {
    const store = new SqliteStore(dataSource);
    await putRows(store, 'default', created(atomeRow('a1', 1)));
    const flushed = jest.spyOn(SqliteFile.prototype, 'guard');
    const put = (hash: string) =>
      store.transact([`INSERT INTO atome_tickets VALUES (?, '{}', 0) RETURNING hash`, hash]);
    const wanted = ['one', 'two', 'one', ...Array.from({ length: 20 }, (_, n) => `more ${n}`)];
    const [[, , again], of] = await Promise.all([
      Promise.allSettled(wanted.map(put)),
      putRows(store, 'default', created(atomeRow('a2', 2))).then(() => flushed.mock.calls.length),
    ]);
    flushed.mockRestore();
    expect([again!.status, of]).toEqual(['rejected', 1]);
    expect(await store.transact(['SELECT hash FROM atome_tickets'])).toEqual([
      expect.arrayContaining([{ hash: 'one' }, { hash: 'two' }, { hash: 'more 19' }]),
    ]);
  });

  it('says storage_full when there is no space, reads on, and writes again when there is', async () => {
    const store = new SqliteStore(dataSource);
    await putRows(store, 'default', created(atomeRow('a1', 1)));
    await dataSource.query('PRAGMA max_page_count = 1');
    const large = created(atomeRow('a2', 2, { data: JSON.stringify('x'.repeat(100_000)) }));
    await expect(putRows(store, 'default', large)).rejects.toMatchObject({ code: 'storage_full' });
    expect(await store.ledger('default').write.head()).toMatchObject({ seq: 1 });
    await dataSource.query('PRAGMA max_page_count = 100000');
    await putRows(store, 'default', large);
    expect(await store.ledger('default').write.head()).toMatchObject({ seq: 2 });
  });

  it('looks rows up, and walks no ledger to find a few', async () => {
    const store = new SqliteStore(dataSource);
    const [scan, measured] = [jest.spyOn(store, 'scan'), jest.spyOn(store, 'measured')];
    const { databaseConnection } = dataSource.driver as unknown as { databaseConnection: BetterSqlite3.Database };
    const prepare = jest.spyOn(databaseConnection, 'prepare');
    await putRows(store, 'default', created(atomeRow('a1', 1)));
    await store.ledger('default').write.commit({ atomeIds: ['a1'], ops: [{ opId: 'op', author: 'somebody' }] }, () => ({
      additions: null,
    }));
    await store.ledger('default').alterations.deltaChain([['a1', 1]]);
    await store.ledger('default').alterations.page({ after: 0, upTo: 1, limit: 10, chars: 10 });
    await store.ledger('default').alterations.newest({ after: 0, upTo: 1, limit: 10, chars: 10 });
    await store.ledger('default').alterations.versions('a1', { from: 1, to: 1 });
    await store.ledger('default').alterations.history('a1', { from: 1, to: 1, bytes: 10 });
    await store.ledger('default').atomes.after({ after: '', limit: 10, bytes: 10 });
    await store.heads(['default']);
    const statements = prepare.mock.calls.map(([statement]) => statement);
    expect(statements.length).toBeGreaterThan(6);
    const scanned = [...scan.mock.calls, ...measured.mock.calls].map((call) => call[1].sql);
    expect(scanned).toHaveLength(6);
    for (const statement of [...statements, ...scanned]) {
      const values = Array.from(statement.matchAll(/\?/g), () => '[]');
      const plan = await dataSource.query<{ detail: string }[]>(`EXPLAIN QUERY PLAN ${statement}`, values);
      const walks = plan.filter(({ detail }) => /^SCAN \w+$|\(tenant=\?\)$/.test(detail));
      expect([
        statement,
        walks.filter(({ detail }) => !/^SCAN (p|above)$|ledgers|propagations|INSERT/.test(detail)),
      ]).toEqual([statement, []]);
    }
    await store.close();
  });
});
