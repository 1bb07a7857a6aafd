import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ledgerKeyOf } from '../../src/ledger/compaction/checkpoint.js';
import { compactionTarget, Compactor, type CompactedLedger } from '../../src/ledger/compaction/compactor.js';
import { consumersOf, dropConsumer } from '../../src/ledger/compaction/holders.js';
import { clockOf } from '../../src/database/lease.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { archivedLedger } from '../support/ledger/archived-ledger.js';
import { create, TENANT, update, type TestLedger } from '../support/ledger/ledger.js';
import { consumerOn } from '../support/ledger/consumers.js';

const HEAD = 6;

describe.each(DATABASES)('a consumer that is behind in a ledger on %s', (_name, make) => {
  let database: Database;
  let store: SqlStore;
  let ledger: TestLedger;
  let folder: string;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    ({ database, store, ledger, folder, drop } = await archivedLedger(make));
    await ledger.write(create('a', { n: 1 }));
    await ledger.write(create('b', { n: 1 }));
    for (let n = 2; n <= 5; n += 1) await ledger.write(update('a', { n }));
  });
  afterEach(() => drop());

  async function compact(passesHolders = false): Promise<CompactedLedger> {
    const compactor = new Compactor(store, { folder, key: ledgerKeyOf('a secret of the spec'), passesHolders });
    const results: CompactedLedger[] = [];
    for await (const each of compactor.run([TENANT], { seq: HEAD })) results.push(each);
    return results[0]!;
  }

  /** Runs a consumer until it has been told of the head. @returns the seqs, and what it was told of them. */
  async function told(upTo: number): Promise<[number, unknown][]> {
    const seen: [number, unknown][] = [];
    let reached = (): void => undefined;
    const done = new Promise<void>((resolve) => (reached = resolve));
    const running = consumerOn(
      { store, ledgers: ledger.ledgers, writer: ledger.writer },
      database.url,
      OPTIONS,
      (event) => {
        seen.push([event.seq, 'atome' in event ? event.atome.data : event.type]);
        if (event.seq === upTo) reached();
      },
    );
    await running.start();
    await done;
    await running.stop();
    return seen;
  }
  const OPTIONS = { consumer: 'mails', from: 'start', attempts: 1, backoffMs: 1 } as const;

  it('holds its floor back, and is named; passed over, it goes on behind it', async () => {
    await store.transact([`INSERT INTO atome_consumers (name, owner, expires_at) VALUES ('mails', '', 0)`]);
    await store.transact([
      'INSERT INTO atome_consumer_cursors (consumer, tenant, seq, attempts, due_at) VALUES (?, ?, 2, 0, 0)',
      ...['mails', TENANT],
    ]);
    expect(await compact()).toMatchObject({ floor: 2, archived: 2, heldBy: { name: 'mails', seq: 2 } });
    expect(await compact()).toMatchObject({ floor: 2, archived: 0, heldBy: { name: 'mails', seq: 2 } });
    const passed = await compact(true);
    expect(passed).toMatchObject({ floor: 5, archived: 3 });
    expect(passed.heldBy).toBeUndefined();
    expect(await told(HEAD)).toEqual([[6, { n: 5 }]]);
  });

  it('holds nothing back any more once nobody has run it for as long as is said, or it is dropped', async () => {
    const idle = async (ms: number): Promise<void> => {
      const now = `(SELECT ${clockOf(store.kind)} - ${ms})`;
      await store.transact([
        `INSERT INTO atome_consumers (name, owner, expires_at) VALUES ('mails', '', ${now})
        ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at`,
      ]);
    };
    const target = async (consumersExpireMs?: number): Promise<number> =>
      (await compactionTarget(store, store.ledger(TENANT), { seq: HEAD }, { consumersExpireMs })).upTo;
    await idle(1_000_000);
    expect([await target(), await target(2_000_000), await target(500_000)]).toEqual([0, 0, 5]);
    expect(await consumersOf(store)).toMatchObject([{ name: 'mails', lag: HEAD, dead: 0 }]);
    const [{ idleMs } = {}] = await consumersOf(store);
    expect(idleMs).toBeGreaterThanOrEqual(1_000_000);

    await idle(-1_000_000);
    expect(await consumersOf(store)).toMatchObject([{ idleMs: 0 }]);
    expect([await target(500_000), await dropConsumer(store, 'mails')]).toEqual([0, false]);
    await idle(1_000_000);
    expect([await dropConsumer(store, 'mails'), await dropConsumer(store, 'mails'), await target()]).toEqual([
      true,
      false,
      5,
    ]);
    expect(await consumersOf(store)).toEqual([]);
  });

  it('is known by when it was run last', async () => {
    await told(HEAD);
    expect(await consumersOf(store)).toMatchObject([{ name: 'mails', lag: 0, idleMs: expect.any(Number) }]);
  });

  it('that has no cursor yet holds all back, and has been told of all once it has run', async () => {
    await store.transact([`INSERT INTO atome_consumers (name, owner, expires_at) VALUES ('mails', '', 0)`]);
    expect(await compact()).toMatchObject({ floor: 0, heldBy: { name: 'mails', seq: 0 } });
    expect((await told(HEAD)).map(([seq]) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    const { floor, heldBy } = await compact();
    expect({ floor, heldBy }).toEqual({ floor: 5, heldBy: undefined });
  });

  it('that is a webhook holds it back as long as it is sent', async () => {
    const enabled = (value: number) =>
      store.transact([`UPDATE atome_webhooks SET enabled = ${value} WHERE id = 'hook'`]);
    await store.transact(
      [
        `INSERT INTO atome_webhooks (id, tenant, url, kinds, events, description, enabled, secret, previous_until, created_by, created_at)
          VALUES ('hook', ?, 'https://hook.example', '[]', '[]', '', 1, 's', 0, 'ann', 0)`,
        TENANT,
      ],
      [
        `INSERT INTO atome_consumer_cursors (consumer, tenant, seq, attempts, due_at) VALUES ('hook', ?, 3, 0, 0)`,
        TENANT,
      ],
    );
    expect(await compact()).toMatchObject({ floor: 3, heldBy: { name: 'hook', seq: 3 } });
    await enabled(0);
    expect(await compact()).toMatchObject({ floor: 5 });
  });
});
