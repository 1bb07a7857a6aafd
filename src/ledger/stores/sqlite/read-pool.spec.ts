import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFile, type Database } from '../../../../test/support/databases/databases.js';
import type { SqlStore } from '../sql.store.js';
import { openStore } from '../open-store.js';

describe('the threads that read a SQLite file', () => {
  let database: Database;
  let store: SqlStore;
  beforeEach(async () => {
    database = createFile();
    store = await openStore(database.url);
  });
  afterEach(() => database.drop());

  const read = (): Promise<unknown[]> => store.scan('default', { sql: 'SELECT 1 AS one', params: [] });

  it('keep one for light reads while heavy ones wait, also those of others', async () => {
    const count =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT count(*) FROM n';
    // both threads are there
    await Promise.all([read(), read()]);
    const order: string[] = [];
    const heavy = ['default', 'default', 'another', 'another'].map((scope) =>
      store.scan(scope, { sql: count, params: [], isHeavy: true }).then(() => order.push('heavy')),
    );
    const light = [read(), read(), read()].map((each) => each.then(() => order.push('light')));
    await Promise.all([...heavy, ...light]);
    expect(order.lastIndexOf('light')).toBeLessThanOrEqual(3);
    expect(order).toHaveLength(7);
  });

  it('read what is heavy, however much that is light waits', async () => {
    const order: string[] = [];
    const light = Array.from({ length: 50 }, () => read().then(() => order.push('light')));
    const heavy = store.scan('default', { sql: 'SELECT 1', params: [], isHeavy: true }).then(() => order.push('heavy'));
    await Promise.all([...light, heavy]);
    expect(order.indexOf('heavy')).toBeLessThan(25);
  });

  it('answer what they are reading when they are closed, and refuse what waits and what comes', async () => {
    const reads = Promise.allSettled(Array.from({ length: 8 }, read));
    await store.close();
    const settled = await reads;
    expect(settled.map(({ status }) => status)).toEqual([
      ...Array<string>(2).fill('fulfilled'),
      ...Array<string>(6).fill('rejected'),
    ]);
    await expect(read()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
