import { SyncError } from '../../core/errors.js';

/* Promises over IndexedDB, and its errors in the words of the SDK. */

/** The result of one request, which is what the caller has put there. */
export function result<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(storageError(request.error));
  });
}

/** The end of a transaction: all of it has happened, or nothing. */
export function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(storageError(transaction.error));
  });
}

const FULL = 'QuotaExceededError';
const DENIED = ['SecurityError', 'InvalidStateError', 'NotAllowedError', 'ReferenceError'];

/** Whatever IndexedDB failed with, as an error that says what to do. */
export function storageError(thrown: unknown): SyncError {
  return thrown instanceof SyncError ? thrown : new SyncError('storage', sentence(thrown), { cause: thrown });
}

function sentence(thrown: unknown): string {
  const name = nameOf(thrown);
  if (name === FULL) return 'There is no space for the local store: free some, or call navigator.storage.persist()';
  if (DENIED.includes(name)) return `The browser does not let this page keep data, as in private windows: ${name}`;
  return `The local store failed: ${name} ${(thrown as Partial<Error> | null)?.message ?? ''}`;
}

/** Whether another database could do better: this one is of a newer version, or damaged. */
export function isUnreadable({ code, cause }: SyncError): boolean {
  return code === 'storage' && ![FULL, ...DENIED].includes(nameOf(cause));
}

/** Not by `instanceof`: a DOMException is no Error everywhere. */
function nameOf(thrown: unknown): string {
  return (thrown as { readonly name?: string } | null | undefined)?.name ?? '';
}
