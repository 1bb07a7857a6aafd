import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SOMEBODY, create, openLedger, type TestLedger } from '../../test/support/ledger/ledger.js';
import { WatchedStore } from '../../test/support/ledger/watched-store.js';
import { turnsWhile, work } from '../../test/support/loop.js';
import { ReadSlots } from '../auth/admission/read-slots.js';
import type { ListQuery } from '../ledger/store.js';
import { openStore } from '../ledger/stores/open-store.js';
import { LedgerReads } from './ledger-reads.js';

const LIST: ListQuery = { includeDeleted: true, sortBy: 'id', sortOrder: 'asc', limit: 100, offset: 0 };
const LISTS = 10;

describe('reads of many rows', () => {
  let watched: WatchedStore;
  let ledger: TestLedger;
  let reads: LedgerReads;
  beforeEach(async () => {
    watched = new WatchedStore(await openStore('sqlite::memory:'));
    ledger = await openLedger(watched.store);
    await Promise.all(Array.from({ length: 100 }, (_, n) => ledger.write(create(`a-${n}`))));
    reads = new LedgerReads(watched.store, new ReadSlots());
    // as long as it takes to make objects of what a database answers
    watched.after = () => work(11);
  });
  afterEach(() => ledger.close());

  const lists = (query: ListQuery): Promise<unknown> =>
    Promise.all(Array.from({ length: LISTS }, () => reads.readerOf(SOMEBODY).list(query)));

  it.each([
    ['light', LIST],
    ['heavy', { ...LIST, sortBy: 'version' }],
  ] as const)('keep a %s slot until the loop has turned some times', async (_which, query) => {
    expect(await turnsWhile(lists(query))).toBeGreaterThanOrEqual(3 * 8);
  });

  it('of a few rows wait for nothing', async () => {
    expect(await turnsWhile(lists({ ...LIST, limit: 10 }))).toBeLessThan(LISTS * 4);
  });
});
