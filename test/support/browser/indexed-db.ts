import { IDBKeyRange, IDBObjectStore, indexedDB } from 'fake-indexeddb';

/** Puts IndexedDB where a page has it, for the test file that runs. */
export function withIndexedDb(): void {
  Object.assign(globalThis, { indexedDB, IDBKeyRange, IDBObjectStore });
}
