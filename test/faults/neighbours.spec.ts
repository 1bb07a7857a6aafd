import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_WRITES } from '../../src/ledger/write/group-size.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { create, openLedger, ORIGIN, type TestLedger } from '../support/ledger/ledger.js';
import { WatchedStore } from '../support/ledger/watched-store.js';

/** Writes of the tenant who asks for little, one after the other. */
const WRITES = 25;
/** The group that goes out in the turn in which a write comes, and one that may in the same. */
const MOST = 2;

/** A group on its way to the database: of whom, and whether it begins or has ended. */
type Step = `${'greedy' | 'modest'} ${'begins' | 'has ended'}`;

describe.each(DATABASES)('beside a tenant who floods, on %s', (name, createDatabase) => {
  let database: Database;
  let watched: WatchedStore;
  let ledger: TestLedger;
  let steps: Step[];
  beforeEach(async () => {
    database = await createDatabase();
    watched = new WatchedStore(await openStore(database.url));
    ledger = await openLedger(watched.store);
    await Promise.all(['modest', 'greedy'].map((tenant) => write(tenant)));
    steps = [];
    const note = (what: 'begins' | 'has ended') => (method: string, tenant: string) => {
      if (method === 'write.commit') steps.push(`${tenant as 'greedy' | 'modest'} ${what}`);
    };
    watched.before = note('begins');
    watched.after = note('has ended');
  });
  afterEach(async () => {
    await ledger.close();
    await database.drop();
  });

  let count = 0;
  const write = (tenant: string) => ledger.writer.submit(tenant, create(`a-${(count += 1)}`), ORIGIN);

  /** More than a group of the one always waits, and the other writes one thing after the other. @returns how many groups of the one went before each. */
  async function groupsBefore(): Promise<{ begun: number; ended: number }[]> {
    let isFlooding = true;
    const flooder = async (): Promise<void> => {
      while (isFlooding) await write('greedy').catch(() => undefined);
    };
    const flood = Array.from({ length: 2 * MAX_WRITES }, flooder);
    const before: { begun: number; ended: number }[] = [];
    const most = (from: number, to: Step): number => {
      const way = steps.slice(from, steps.indexOf(to, from));
      return way.filter((step) => step === 'greedy begins').length;
    };
    for (let n = 0; n < WRITES; n += 1) {
      while (!steps.slice(-3).includes('greedy begins')) await write('greedy').catch(() => undefined);
      const from = steps.length;
      await write('modest');
      before.push({ begun: most(from, 'modest begins'), ended: most(from, 'modest has ended') });
    }
    isFlooding = false;
    await Promise.all(flood);
    return before;
  }

  it('a write waits for a group or two of the other, however much waits there', async () => {
    const before = await groupsBefore();
    expect(Math.max(...before.map(({ begun }) => begun))).toBeLessThanOrEqual(MOST);
    // SQLite writes what comes in its order; PostgreSQL writes both at once
    if (name === 'SQLite') expect(Math.max(...before.map(({ ended }) => ended))).toBeLessThanOrEqual(MOST + 1);
  });
});
