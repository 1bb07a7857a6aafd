import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteStore, tauriStore } from '../../client/src/sqlite.js';
import type { Format, Store } from '../../client/src/storage/store.js';
import { TauriSqlDouble } from '../support/clients/tauri-sql.js';
import { storeSuite, type StoreFixture } from './store.suite.js';

async function inFolder(open: (folder: string, format?: Format) => Store): Promise<StoreFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'atome-store-'));
  return {
    open: (format) => open(folder, format),
    damage: async () => writeFileSync(join(folder, 'atome-sync.db'), 'this is no database, only a text'.repeat(1_000)),
    drop: async () => rmSync(folder, { recursive: true }),
  };
}

storeSuite({
  name: 'SQLite by better-sqlite3',
  durable: true,
  make: () => inFolder((folder, format) => sqliteStore({ path: join(folder, 'atome-sync.db') }, format)),
});

storeSuite({
  name: 'SQLite by the plugin of Tauri',
  durable: true,
  make: () => inFolder((folder, format) => tauriStore(new TauriSqlDouble(folder), {}, format)),
});
