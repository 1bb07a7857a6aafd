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
