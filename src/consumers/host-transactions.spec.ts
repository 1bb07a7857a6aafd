import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import type { Tables } from '../database/tables.js';
import type { LedgerStore } from '../ledger/store.js';
import { openStore } from '../ledger/stores/open-store.js';
import { DATABASES, type Database } from '../../test/support/databases/databases.js';
import { createOwnedDatabase } from '../../test/support/databases/plain-role.js';
import { Gate } from '../../test/support/gate.js';
import { create, openLedger } from '../../test/support/ledger/ledger.js';
import { HostTransactions, NotBegun, Overtaken } from './host-transactions.js';

const FIRST = [`INSERT INTO atome_consumers (name, owner, expires_at) VALUES ('c', '', 0) RETURNING name`] as const;

describe.each(DATABASES)('a transaction of the application on %s', (_name, make) => {
  let database: Database;
  let store: LedgerStore & Tables;
  let transactions: HostTransactions;
  const on = ({ mostMs }: { mostMs?: number } = {}): HostTransactions =>
    new HostTransactions(
      { databaseUrl: database.url, databaseSchema: undefined, dataSource: undefined },
      store,
      mostMs,
    );
  beforeEach(async () => {
    database = await make();
    store = await openStore(database.url);
    await store.transact(['CREATE TABLE mine (n integer)']);
    transactions = on();
  });
  afterEach(async () => {
    await transactions.close();
    await store.close();
    await database.drop();
  });
  const rows = async (): Promise<unknown[]> => [
    ...(await store.rows('SELECT n FROM mine')),
    ...(await store.rows('SELECT name FROM atome_consumers')),
  ];
  const insert = (manager: EntityManager): Promise<unknown> => manager.query('INSERT INTO mine (n) VALUES (1)');

  /** What nobody waits for any more: its refusal is nobody's either. */
  const late = (gate: Gate, manager: EntityManager): Promise<unknown> => {
    const written = gate.pass().then(() => insert(manager));
    written.catch(() => undefined);
    return written;
  };

  it('commits the row and the statement before it, or neither', async () => {
    const failing = transactions.run(FIRST, async ({ manager }) => {
      await insert(manager);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await rows()).toEqual([]);
    expect(await transactions.run(FIRST, async ({ manager }) => (await insert(manager), 'done'))).toBe('done');
    expect(await rows()).toEqual([{ n: 1 }, { name: 'c' }]);
  });

  it('writes nothing more when one of several that it does at once has failed', async () => {
    const gate = new Gate();
    const failing = transactions.run(FIRST, ({ manager }) =>
      Promise.all([Promise.reject(new Error('no')), late(gate, manager)]),
    );
    await expect(failing).rejects.toThrow('no');
    gate.open();
    await new Promise(setImmediate);
    expect(await rows()).toEqual([]);
    expect(await transactions.run(FIRST, async ({ manager }) => (await insert(manager), 'done'))).toBe('done');
    expect(await rows()).toEqual([{ n: 1 }, { name: 'c' }]);
  });

  it.each([
    ['its manager', (manager: EntityManager) => insert(manager)],
    [
      'the query runner of its manager',
      (manager: EntityManager) => manager.queryRunner!.query('INSERT INTO mine (n) VALUES (1)'),
    ],
  ])('writes nothing through %s behind a failure, whenever it is sent', async (_way, write) => {
    let second: Promise<unknown> | undefined;
    const failing = transactions.run(FIRST, async ({ manager }) => {
      // the answer to the first comes before that to the rollback, which waits behind it
      second = write(manager).then(() => write(manager));
      second.catch(() => undefined);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await expect(second).rejects.toThrow();
    expect(await rows()).toEqual([]);
  });

  it('has failed where the database commits nothing because a statement has failed', async () => {
    const wrong = transactions.run(FIRST, async ({ manager }) => {
      await insert(manager);
      await manager.query('INSERT INTO nowhere (n) VALUES (1)').catch(() => undefined);
    });
    const isDone = await wrong.then(
      () => true,
      () => false,
    );
    expect(await rows()).toEqual(isDone ? [{ n: 1 }, { name: 'c' }] : []);
  });

  it('is not begun where the statement meets nothing', async () => {
    const work = jest.fn(async () => undefined);
    const none = [`DELETE FROM atome_consumers WHERE name = ? RETURNING name`, 'nobody'] as const;
    await expect(transactions.run(none, work)).rejects.toThrow(Overtaken);
    expect(work).not.toHaveBeenCalled();
  });

  it('is rolled back when it takes too long, and nothing is written through it after that', async () => {
    const impatient = on({ mostMs: 20 });
    let late: EntityManager | undefined;
    const endless = impatient.run(FIRST, async ({ manager }) => {
      await insert(manager);
      late = manager;
      await new Promise(() => undefined);
    });
    await expect(endless).rejects.toThrow('takes longer than');
    expect(await rows()).toEqual([]);
    await expect(insert(late!)).rejects.toThrow();
    expect(await rows()).toEqual([]);
    await transactions.run(FIRST, async ({ manager }) => insert(manager));
    expect(await rows()).toEqual([{ n: 1 }, { name: 'c' }]);
    await impatient.close();
  });

  it('lets writes to the ledger wait, and fail none of them', async () => {
    const ledger = await openLedger(store);
    const gate = new Gate();
    const running = transactions.run(FIRST, ({ manager }) => insert(manager).then(() => gate.pass()));
    await gate.reached;
    const written = ledger.write(create('a'));
    gate.open();
    await running;
    expect((await written).outcome).toBe('applied');
  });
});

describe('a transaction of the application in memory', () => {
  it('is refused, and says what it needs', async () => {
    const place = { databaseUrl: 'sqlite::memory:', databaseSchema: undefined, dataSource: undefined };
    const transactions = new HostTransactions(place, { apart: (work) => work() });
    const refused = transactions.run(FIRST, async () => undefined);
    await expect(refused).rejects.toThrow('name a file in databaseUrl');
    await expect(refused).rejects.toThrow(NotBegun);
  });
});

describe('a transaction of the application whose role may not write the cursor', () => {
  it('names the rights that it needs', async () => {
    const database = await createOwnedDatabase();
    const store = await openStore(database.adminUrl);
    const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    const place = { databaseUrl: database.adminUrl, databaseSchema: undefined, dataSource };
    const transactions = new HostTransactions(place, store);
    const refused = transactions.run(FIRST, async () => undefined);
    await expect(refused).rejects.toThrow(/permission denied.*GRANT USAGE ON SCHEMA "atome"/);
    await expect(refused).rejects.toThrow(NotBegun);
    await dataSource.destroy();
    await store.close();
    await database.drop();
  });
});
