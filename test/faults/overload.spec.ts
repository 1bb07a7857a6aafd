import { setTimeout as elapse } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_WRITES } from '../../src/ledger/write/group-size.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { AtomeError } from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { create, openLedger, ORIGIN, type TestLedger } from '../support/ledger/ledger.js';
import { WatchedStore } from '../support/ledger/watched-store.js';

/** What a commit takes on a slow disk, in milliseconds: so long that this machine is not what is measured. */
const COMMIT_MS = 100;
const PER_SECOND = (MAX_WRITES * 1_000) / COMMIT_MS;
/** What a machine that is busy with other tests may add. */
const PATIENCE_MS = 10 * COMMIT_MS;
const RUN_MS = 2_500;
const EVERY_MS = 10;

describe.each(DATABASES)('writes on %s with a slow disk', (_name, createDatabase) => {
  let database: Database;
  let ledger: TestLedger;
  let count = 0;
  beforeEach(async () => {
    database = await createDatabase();
    const watched = new WatchedStore(await openStore(database.url));
    watched.before = (method) => (method === 'write.commit' ? elapse(COMMIT_MS) : undefined);
    ledger = await openLedger(watched.store);
  });
  afterEach(async () => {
    await ledger.close();
    await database.drop();
  });

  /** Writes of a tenant at a rate, whatever their answers take. */
  async function offer(tenant: string, perSecond: number) {
    const [took, refusals, writing]: [number[], AtomeError[], Promise<void>[]] = [[], [], []];
    const end = performance.now() + RUN_MS;
    for (let due = 0; performance.now() < end; await elapse(EVERY_MS)) {
      due += (perSecond * EVERY_MS) / 1_000;
      for (; due >= 1; due -= 1) {
        const begun = performance.now();
        const written = ledger.writer.submit(tenant, create(`a-${(count += 1)}`), ORIGIN);
        writing.push(
          written.then(
            () => void took.push(performance.now() - begun),
            (error: unknown) => void refusals.push(error as AtomeError),
          ),
        );
      }
    }
    await Promise.all(writing);
    took.sort((a, b) => a - b);
    return { accepted: took.length, p99: took[Math.floor(took.length * 0.99)]!, refusals };
  }

  it('take no more than three times as long when three times as many are offered as it decides', async () => {
    const atCapacity = await offer('t', PER_SECOND * 0.9);
    const overloaded = await offer('t', PER_SECOND * 3);
    expect(overloaded.refusals.length).toBeGreaterThan(0);
    expect(overloaded.p99).toBeLessThanOrEqual(Math.max(3 * atCapacity.p99, PATIENCE_MS));
    expect(overloaded.accepted).toBeGreaterThan(atCapacity.accepted / 2);
    for (const refusal of overloaded.refusals) {
      expect(refusal).toMatchObject({ code: 'unavailable', details: { retryAfter: expect.any(Number) } });
    }
  });

  it('of one tenant take no longer because another is overloaded', async () => {
    const alone = await offer('modest', 20);
    const [beside, overloaded] = await Promise.all([offer('modest', 20), offer('greedy', PER_SECOND * 3)]);
    expect(overloaded.refusals.length).toBeGreaterThan(0);
    expect(beside.refusals).toEqual([]);
    expect(beside.p99).toBeLessThanOrEqual(Math.max(3 * alone.p99, PATIENCE_MS));
  });
});
