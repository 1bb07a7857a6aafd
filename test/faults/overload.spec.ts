import { setTimeout as elapse } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BURST } from '../../src/ledger/write/admission.js';
import { MAX_WRITES } from '../../src/ledger/write/group-size.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { AtomeError } from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { create, openLedger, ORIGIN, type TestLedger } from '../support/ledger/ledger.js';
import { WatchedStore } from '../support/ledger/watched-store.js';

/** What a commit takes on a slow disk, in milliseconds: at so much, no more than {@link BURST} groups may wait. */
const COMMIT_MS = 100;
const COMMITS = 12;
/** A write may come while a group is under way, and its own is one. */
const MAX_COMMITS = BURST.groups + 2;

describe.each(DATABASES)('writes on %s with a slow disk', (_name, createDatabase) => {
  let database: Database;
  let ledger: TestLedger;
  let commits = 0;
  let onCommit = (): void => undefined;
  let count = 0;
  beforeEach(async () => {
    database = await createDatabase();
    const watched = new WatchedStore(await openStore(database.url));
    watched.before = (method) => {
      if (method !== 'write.commit') return undefined;
      commits += 1;
      onCommit();
      return elapse(COMMIT_MS);
    };
    ledger = await openLedger(watched.store);
    // from its first group on, the writer knows how slow the disk is
    await Promise.all(['modest', 'greedy'].map((tenant) => write(tenant)));
  });
  afterEach(async () => {
    await ledger.close();
    await database.drop();
  });

  const write = (tenant: string) => ledger.writer.submit(tenant, create(`a-${(count += 1)}`), ORIGIN);

  /** Offers so many writes of each tenant with each commit, and counts how many commits each of them waits for. */
  async function offer(perCommit: Readonly<Record<string, number>>) {
    const offered = Object.keys(perCommit).map((tenant) => ({ tenant, waited: [0], refusals: [] as AtomeError[] }));
    const writing: Promise<void>[] = [];
    const end = commits + COMMITS;
    onCommit = () => {
      for (const { tenant, waited, refusals } of commits > end ? [] : offered) {
        for (let each = 0; each < perCommit[tenant]!; each += 1) {
          const begun = commits;
          const written = write(tenant);
          writing.push(
            written.then(
              () => void waited.push(commits - begun),
              (error: unknown) => void refusals.push(error as AtomeError),
            ),
          );
        }
      }
    };
    const [tenant] = Object.keys(perCommit);
    for (await write(tenant!); writing.length > 0; await Promise.all(writing.splice(0)));
    return offered.map(({ waited, refusals }) => ({
      accepted: waited.length - 1,
      longest: Math.max(...waited),
      refusals,
    }));
  }

  it('wait for few commits when three times as many are offered as it decides', async () => {
    const [atCapacity] = await offer({ greedy: MAX_WRITES * 0.9 });
    const [overloaded] = await offer({ greedy: MAX_WRITES * 3 });
    expect(atCapacity!.refusals).toEqual([]);
    expect(overloaded!.refusals.length).toBeGreaterThan(0);
    expect(overloaded!.longest).toBeLessThanOrEqual(MAX_COMMITS);
    expect(overloaded!.accepted).toBeGreaterThanOrEqual(atCapacity!.accepted);
    for (const refusal of overloaded!.refusals) {
      expect(refusal).toMatchObject({ code: 'unavailable', details: { retryAfter: expect.any(Number) } });
    }
  });

  it('of one tenant do not wait for those of another that is overloaded', async () => {
    const [overloaded, beside] = await offer({ greedy: MAX_WRITES * 3, modest: 2 });
    expect(overloaded!.refusals.length).toBeGreaterThan(0);
    expect(beside!.refusals).toEqual([]);
    expect(beside!.longest).toBeLessThanOrEqual(BURST.groups);
  });
});
