import { migrate } from '../migrate.js';
import type { Format, Tables } from '../store.js';

const TABLES: readonly (keyof Tables)[] = ['atomes', 'outbox', 'rejected', 'place'];

/** Brings each record forward. A step that throws takes the whole upgrade back. */
export function migrateAll(
  transaction: IDBTransaction,
  format: Format,
  from: number,
  failed: (thrown: unknown) => void,
): void {
  transaction.objectStore('log').clear();
  for (const table of TABLES) {
    const walk = transaction.objectStore(table).openCursor();
    walk.onsuccess = () => {
      const cursor = walk.result;
      if (!cursor) return;
      try {
        cursor.update(migrate(format, from, table, cursor.value));
        cursor.continue();
      } catch (thrown) {
        failed(thrown);
        transaction.abort();
      }
    };
  }
}
