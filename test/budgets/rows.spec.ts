import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ALTERATIONS, ATOMES } from '../../src/ledger/stores/columns.js';
import type { Additions } from '../../src/ledger/store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { create, openLedger, update, type TestLedger } from '../support/ledger/ledger.js';

describe('the rows of a group', () => {
  let ledger: TestLedger;
  beforeEach(async () => {
    ledger = await openLedger();
  });
  afterEach(() => ledger.close());

  /** What the writes of a group hand to the store. */
  async function added(...writes: Parameters<TestLedger['write']>[0][]): Promise<Additions> {
    const commit = jest.spyOn(ledger.store as SqlStore, 'commit');
    await Promise.all(writes.map((mutation) => ledger.write(mutation)));
    const { additions } = (await commit.mock.results[0]!.value) as { additions: Additions };
    commit.mockRestore();
    return additions;
  }

  it('have the columns of their table, and nothing else that would be sent along', async () => {
    const { atomes, alterations } = await added(create('a', { n: 1 }, { opId: 'op' }), update('a', { n: 2 }));
    expect(atomes.map((row) => Object.keys(row).sort())).toEqual([[...ATOMES.fields].sort()]);
    const fields = [...ALTERATIONS.fields].sort();
    expect(alterations.map((row) => Object.keys(row).sort())).toEqual([fields, fields]);
  });
});
