import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { archivesFault, readArchive } from '../../src/ledger/compaction/verify-archives.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { exportLedger } from '../../src/ledger/transfer/export-ledger.js';
import { LedgerImport } from '../../src/ledger/transfer/import-ledger.js';
import type { TransferLine } from '../../src/ledger/transfer/lines.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { archivedLedger } from '../support/ledger/archived-ledger.js';
import { create, TENANT, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { runProgram } from '../support/server/process.js';

/** How often the command is killed: few times here, at other steps each, more by hand (`KILLS=60`). */
const KILLS = Number(process.env.KILLS ?? 6);
const PRELOAD = new URL('../support/faults/kill-at.mjs', import.meta.url).href;

/* The real command, killed at a step of its own towards the disk. `npm run build` first. */
describe.each(DATABASES)('atome-sync compact on %s, killed again and again', (_name, make) => {
  let database: Database;
  let store: SqlStore;
  let ledger: TestLedger;
  let folder: string;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    ({ database, store, ledger, folder, drop } = await archivedLedger(make));
  });
  afterEach(() => drop());

  async function more(round: number): Promise<void> {
    await ledger.write(create(`r${round}`, { secret: round }, { opId: `made-${round}` }));
    for (let n = 1; n <= 5; n += 1) await ledger.write(update('always', { [`r${round}`]: n }));
    await ledger.write(update(`r${round}`, { n: 1 }, { opId: `op-${round}` }));
    if (round > 0) await ledger.write(write(`r${round - 1}`, round % 2 === 0 ? 'delete' : 'redact', {}));
    await ledger.write(create(`last${round}`));
  }

  async function run(killAt: number): Promise<{ code: number | null; stderr: string }> {
    // a killed one has the lease for ten seconds
    await store.transact(['UPDATE atome_consumers SET expires_at = 0']);
    return runProgram('cli/atome-sync', ['compact', '--before', '1000000'], {
      ...{ DATABASE_URL: database.url, ARCHIVE_FOLDER: folder },
      ...{ NODE_OPTIONS: `--import ${PRELOAD}`, KILL_AT: String(killAt) },
    });
  }

  async function shown(): Promise<unknown> {
    const { committed } = await ledger.reader.newestPage(0, { chars: 1e9 });
    return committed.map(({ alteration, atome, erased }) => [alteration.seq, atome, erased]);
  }

  it('loses nothing at whatever step, goes on, and its archives lead to the whole ledger', async () => {
    await ledger.write(create('always'));
    await more(0);
    const { stderr } = await run(0);
    const steps = Number(/steps: (\d+)/.exec(stderr)?.[1]);
    expect(steps).toBeGreaterThan(10);
    for (let round = 1; round <= KILLS; round += 1) {
      await more(round);
      const before = await shown();
      const { code } = await run(Math.ceil((steps * round) / KILLS));
      expect(code).toBeNull();
      expect((await verifyLedger(store.ledger(TENANT))).fault).toBeUndefined();
      expect(await shown()).toEqual(before);
    }
    const { seq, hash } = await ledger.reader.head();
    expect(await run(0)).toMatchObject({ code: 0 });
    expect((await verifyLedger(store.ledger(TENANT))).floor).toBe(seq - 1);

    const names = await readdir(folder);
    expect(names.filter((each) => !each.endsWith('.ndjson'))).toEqual([]);
    const files = await Promise.all(names.map((each) => readFile(join(folder, each), 'utf8')));
    const parts = await Promise.all(files.map((text, n) => readArchive(names[n]!, linesOf(text))));
    expect(await archivesFault(store.ledger(TENANT), parts)).toBeUndefined();

    const other = await openStore('sqlite::memory:');
    const into = new LedgerImport(other, () => undefined);
    const inOrder = parts
      .map((part, n) => ({ ...part, text: files[n]! }))
      .sort((a, b) => a.after - b.after || a.seq - b.seq);
    for (const { text } of inOrder) {
      for await (const line of linesOf(text)) await into.take(JSON.parse(line) as TransferLine);
    }
    const options = { ledger: store.ledger(TENANT), database: store, after: seq - 1, progress: () => undefined };
    for await (const line of exportLedger(options)) await into.take(line);
    into.close();
    expect(await other.ledger(TENANT).write.head()).toMatchObject({ seq, hash });
    expect((await verifyLedger(other.ledger(TENANT))).fault).toBeUndefined();
    await other.close();
  });
});

async function* linesOf(text: string): AsyncGenerator<string> {
  for (const line of text.trimEnd().split('\n')) yield `${line}\n`;
}
