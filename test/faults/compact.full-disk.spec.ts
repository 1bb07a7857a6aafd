import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ledgerKeyOf } from '../../src/ledger/compaction/checkpoint.js';
import { Compactor, type CompactedLedger } from '../../src/ledger/compaction/compactor.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { DATABASES } from '../support/databases/databases.js';
import { canMount, smallDisk, writeUntilFull, type FillableDisk } from '../support/faults/full-disk.js';
import { archivedLedger } from '../support/ledger/archived-ledger.js';
import { create, openLedger, TENANT, update, type TestLedger } from '../support/ledger/ledger.js';
import { runProgram } from '../support/server/process.js';

const HEAD = 40;
const KEY = 'the secret of the spec, of which there is enough';

async function fillLedger(ledger: TestLedger): Promise<void> {
  await ledger.write(create('a', { n: 1 }));
  for (let n = 2; n < HEAD; n += 1) await ledger.write(update('a', { n, text: `${n} `.repeat(5_000) }));
  await ledger.write(create('b'));
}

async function compact(store: SqlStore, folder: string): Promise<CompactedLedger> {
  const results: CompactedLedger[] = [];
  for await (const each of new Compactor(store, { folder, key: ledgerKeyOf(KEY) }).run([TENANT], { seq: HEAD }))
    results.push(each);
  return results[0]!;
}

async function assertWhole(store: SqlStore, floor?: number): Promise<void> {
  const { fault, floor: found } = await verifyLedger(store.ledger(TENANT));
  expect({ fault, floor: found }).toEqual({ fault: undefined, floor });
}

// only who may mount a disk can fill one up
(canMount() ? describe : describe.skip)('a disk that is full while alterations are archived', () => {
  let disk: FillableDisk;
  let folder: string;
  beforeEach(() => {
    disk = smallDisk();
    folder = dirname(disk.url.slice('sqlite:'.length));
  });
  afterEach(() => disk.remove());

  /* The real command. `npm run build` first. */
  it.each(DATABASES)(
    'is that of the archives, with %s: said in a sentence, nothing dropped, gone on with',
    async (_name, make) => {
      const { database, store, ledger, drop } = await archivedLedger(make);
      await fillLedger(ledger);
      const ballast = join(folder, 'ballast');
      writeUntilFull(ballast);
      const settings = { DATABASE_URL: database.url, ARCHIVE_FOLDER: folder, LEDGER_KEY: KEY };
      const { code, stderr } = await runProgram('cli/atome-sync', ['compact', '--before', String(HEAD)], settings);
      expect({ code, lines: stderr.trim().split('\n') }).toEqual({
        code: 1,
        lines: [expect.stringMatching(/ARCHIVE_FOLDER=.*no space/i)],
      });
      await assertWhole(store);
      expect(readdirSync(folder)).toEqual(['ballast']);
      rmSync(ballast);
      expect(await compact(store, folder)).toMatchObject({ floor: HEAD - 1, archived: HEAD - 1 });
      await assertWhole(store, HEAD - 1);
      await drop();
    },
  );

  it('is that of the ledger: every step leaves it whole, and it goes on where there is room', async () => {
    const store = await openStore(disk.url);
    const ledger = await openLedger(store);
    await fillLedger(ledger);
    const archives = join(folder, 'archives');
    const ballast = join(folder, 'ballast');
    const filled = async (step: string): Promise<unknown> => {
      const compactor = new Compactor(store, {
        folder: archives,
        key: ledgerKeyOf(KEY),
        keepOn: async (_tenant, at) => (at === step ? writeUntilFull(ballast) : undefined),
      });
      try {
        for await (const { fault } of compactor.run([TENANT], { seq: HEAD })) return fault;
        return undefined;
      } catch (error) {
        return error;
      }
    };
    for (const step of ['archive', 'states']) {
      expect(String(await filled(step))).toMatch(/full|space/);
      rmSync(ballast);
      await assertWhole(store);
      await store.transact(['UPDATE atome_consumers SET expires_at = 0']);
    }
    expect(await compact(store, archives)).toMatchObject({ floor: HEAD - 1 });
    await assertWhole(store, HEAD - 1);
    await ledger.close();
  });
});
