import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { SharedTransaction } from './shared-transaction.js';

describe('SharedTransaction', () => {
  let db: Database.Database;
  let shared: SharedTransaction;
  let transactions = 0;
  beforeEach(() => {
    db = new Database(':memory:', { verbose: (sql) => (transactions += Number(String(sql).startsWith('BEGIN'))) });
    db.exec('CREATE TABLE t (x INTEGER PRIMARY KEY)');
    shared = new SharedTransaction(db);
    transactions = 0;
  });
  afterEach(() => void db.close());

  const add = (x: number, weight = 1): Promise<number> =>
    shared.run(() => (db.prepare('INSERT INTO t VALUES (?)').run(x), x), weight);
  const all = (): unknown[] => db.prepare('SELECT x FROM t ORDER BY x').pluck().all();

  it('takes together what comes in one turn', async () => {
    expect(await Promise.all([add(1), Promise.resolve().then(() => add(2)), add(3)])).toEqual([1, 2, 3]);
    expect(transactions).toBe(1);
    await add(4);
    expect(transactions).toBe(2);
    expect(all()).toEqual([1, 2, 3, 4]);
  });

  it('ends before it holds up everything else', async () => {
    await Promise.all([add(1, 499), add(2, 499), add(3, 1), add(4, 10_000), add(5)]);
    expect(transactions).toBe(3);
    expect(all()).toEqual([1, 2, 3, 4, 5]);
  });

  it('ends, too, where the work turns out to be much', async () => {
    const addMuch = (x: number): Promise<number> =>
      shared.run((weigh) => (weigh(300), db.prepare('INSERT INTO t VALUES (?)').run(x), x), 1);
    expect(await Promise.all([1, 2, 3, 4, 5].map(addMuch))).toEqual([1, 2, 3, 4, 5]);
    expect(transactions).toBe(3);
    expect(all()).toEqual([1, 2, 3, 4, 5]);
  });

  it('rolls back what one piece of work has done before it failed, and nothing else', async () => {
    const fault = new Error('fault');
    const failing = shared.run(() => {
      db.prepare('INSERT INTO t VALUES (2)').run();
      throw fault;
    }, 1);
    const settled = await Promise.allSettled([add(1), failing, add(1), add(3)]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect((settled[1] as PromiseRejectedResult).reason).toBe(fault);
    expect(all()).toEqual([1, 3]);
  });

  it('fails all when the database has given up the transaction, and goes on', async () => {
    const givenUp = shared.run(() => {
      db.exec('ROLLBACK');
      throw new Error('given up');
    }, 1);
    const settled = await Promise.allSettled([add(1), givenUp, add(2)]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(all()).toEqual([]);
    expect(await add(3)).toBe(3);
  });

  it('fails all when it cannot be committed', async () => {
    db.pragma('foreign_keys = ON');
    db.exec('CREATE TABLE u (x INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED)');
    const dangling = shared.run(() => db.prepare('INSERT INTO u VALUES (9)').run(), 1);
    const settled = await Promise.allSettled([add(1), dangling]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(all()).toEqual([]);
  });
});
