import { describe, expect, it } from '@jest/globals';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import { NOT_WORTH } from '../../src/ledger/stores/search.js';
import { alterationRow, putRows } from '../support/ledger/rows.js';
import { STORES } from './fixture.js';
import { listSuite } from './list.suite.js';

/** Makes the ledgers long enough for an index, and waits for it. */
async function index(store: LedgerStore): Promise<void> {
  for (const tenant of ['lists', 'other']) {
    const alterations = Array.from({ length: NOT_WORTH + 10 }, (_, n) => alterationRow(n + 100, 'nobody', n + 1));
    await putRows(store, tenant, { alterations });
  }
  await (store as SqlStore).indexed();
  expect(await (store as SqlStore).find('lists', 'ski')).toMatchObject({ seqs: '[6]' });
}

describe.each(STORES.filter(({ shared }) => shared))('the store on $name, with an index of its texts', (kind) => {
  listSuite(kind, index);
});

describe('an index of texts', () => {
  it('is no help for what is shorter than a trigram, on any database', async () => {
    for (const { make } of STORES) {
      const fixture = await make();
      const store = (await fixture.open()) as SqlStore;
      for (const words of ['', 'a', 'ab', '😀']) expect(await store.find('lists', words)).toBeUndefined();
      await fixture.close();
    }
  });
});
