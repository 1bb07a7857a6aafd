import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../../src/ledger/stores/sql.store.js';
import type { Database } from '../databases/databases.js';
import { openLedger, type TestLedger } from './ledger.js';

/** An empty ledger, and the folder of its archives. */
export interface ArchivedLedger {
  readonly database: Database;
  readonly store: SqlStore;
  readonly ledger: TestLedger;
  readonly folder: string;
  /** Lets go of all that it has made. */
  readonly drop: () => Promise<void>;
}

export async function archivedLedger(make: () => Promise<Database>): Promise<ArchivedLedger> {
  const database = await make();
  const store = await openStore(database.url);
  const ledger = await openLedger(store);
  const folder = await mkdtemp(join(tmpdir(), 'archive-'));
  const drop = async (): Promise<void> => {
    await ledger.close();
    await database.drop();
    await rm(folder, { recursive: true });
  };
  return { database, store, ledger, folder, drop };
}
