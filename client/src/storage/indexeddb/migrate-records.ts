import { migrate } from '../migrate.js';
import type { Format, Tables } from '../store.js';
import type { KEYS, ORDERS } from './orders.js';

/** As in the first file: to import them would part that in two. */
const keys: typeof KEYS = '$';
const orders: typeof ORDERS = 1;

const TABLES: readonly (keyof Tables)[] = ['atomes', 'outbox', 'rejected', 'place'];

/** Brings each record forward. A step that throws takes the whole upgrade back. */
export function migrateAll(
  transaction: IDBTransaction,
  format: Format,
  from: number,
  failed: (thrown: unknown) => void,
): void {
  transaction.objectStore('log').clear();
  // of what there was before; they are learned anew
  transaction.objectStore('place').delete(orders);
  for (const table of TABLES) {
    const walk = transaction.objectStore(table).openCursor();
    walk.onsuccess = () => {
      const cursor = walk.result;
      if (!cursor) return;
      try {
        const { [keys]: _, ...record } = cursor.value as { readonly [keys]?: unknown };
        cursor.update(migrate(format, from, table, record));
        cursor.continue();
      } catch (thrown) {
        failed(thrown);
        transaction.abort();
      }
    };
  }
}
