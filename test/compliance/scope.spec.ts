import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import type { Database } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { atomeRow, created, putRows } from '../support/ledger/rows.js';

describe('what a connection may see', () => {
  let database: Database;
  let store: LedgerStore;
  beforeEach(async () => {
    database = await createOwnedDatabase();
    store = await openStore(database.url);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  it('is what it was told last, also when the transaction in which it was told has failed', async () => {
    for (const tenant of ['one', 'two']) await putRows(store, tenant, created(atomeRow(`${tenant}-1`, 1)));
    const failure = new Error('no');
    for (let round = 0; round < 20; round += 1) {
      for (const tenant of ['one', 'two']) {
        const commit = store.ledger(tenant).write.commit({ atomeIds: [`${tenant}-1`], ops: [] }, () => {
          throw failure;
        });
        await expect(commit).rejects.toBe(failure);
        expect((await store.ledger(tenant).atomes.get(`${tenant}-1`))?.id).toBe(`${tenant}-1`);
        const other = tenant === 'one' ? 'two' : 'one';
        expect((await store.ledger(other).atomes.get(`${other}-1`))?.id).toBe(`${other}-1`);
      }
    }
    const both = Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? 'one' : 'two'));
    const found = await Promise.all(both.map((tenant) => store.ledger(tenant).atomes.get(`${tenant}-1`)));
    expect(found.map((row) => row?.id)).toEqual(both.map((tenant) => `${tenant}-1`));
  });
});
