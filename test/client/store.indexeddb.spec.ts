import { randomUUID } from 'node:crypto';
import { indexedDbStore } from '../../client/src/storage/indexeddb/indexeddb-store.js';
import { withIndexedDb } from '../support/browser/indexed-db.js';
import { storeSuite } from './store.suite.js';

withIndexedDb();

function ended(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error('it failed', { cause: request.error }));
  });
}

storeSuite({
  name: 'IndexedDB',
  durable: true,
  make: async () => {
    const name = randomUUID();
    return {
      open: (format) => indexedDbStore({ name }, format),
      damage: async () => {
        await ended(indexedDB.deleteDatabase(name));
        (await ended(indexedDB.open(name, 1))).close();
      },
      drop: async () => {
        for (const each of await indexedDB.databases())
          if (each.name!.startsWith(name)) await ended(indexedDB.deleteDatabase(each.name!));
      },
    };
  },
});
