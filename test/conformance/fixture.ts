import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import { createDatabase } from '../support/databases/postgres.js';

/** An empty database, and stores on it that end with it. */
export interface StoreFixture {
  /** Another instance on the same database, as another process has it. */
  open(): Promise<LedgerStore>;
  close(): Promise<void>;
}

export interface StoreKind {
  readonly name: string;
  /** Whether several instances can share the database. */
  readonly shared: boolean;
  readonly make: () => Promise<StoreFixture>;
}

/** Every database that the ledger runs on. */
export const STORES: readonly StoreKind[] = [
  { name: 'SQLite in a file', shared: true, make: sqliteFile },
  { name: 'SQLite in memory', shared: false, make: () => Promise.resolve(fixture('sqlite::memory:', () => undefined)) },
  { name: 'PostgreSQL', shared: true, make: postgres },
];

function sqliteFile(): Promise<StoreFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'atome-store-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return Promise.resolve(fixture(`sqlite:${join(folder, 'made', 'atome.sqlite')}`, remove));
}

async function postgres(): Promise<StoreFixture> {
  const { url, drop } = await createDatabase();
  return fixture(url, drop);
}

function fixture(url: string, remove: () => Promise<void> | void): StoreFixture {
  const opened: LedgerStore[] = [];
  return {
    open: async () => {
      const store = await openStore(url);
      opened.push(store);
      return store;
    },
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await remove();
    },
  };
}
