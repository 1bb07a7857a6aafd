import type { Changes, PendingWrite, RejectedWrite } from '../store.js';
import { finished, result } from './requests.js';

/**
 * Moves what is in outbox and inbox of a database that was set aside to where they are read now.
 * @param keep makes it durable there.
 */
export async function adoptWrites(from: IDBDatabase, keep: (changes: Changes) => Promise<void>): Promise<void> {
  const tables = (mode: IDBTransactionMode): [IDBTransaction, outbox: IDBObjectStore, rejected: IDBObjectStore] => {
    const transaction = from.transaction(['outbox', 'rejected'], mode);
    return [transaction, transaction.objectStore('outbox'), transaction.objectStore('rejected')];
  };
  const [, pending, refused] = tables('readonly');
  const [append, reject] = await Promise.all([
    result<PendingWrite[]>(pending.getAll()),
    result<RejectedWrite[]>(refused.getAll()),
  ]);
  if (append.length + reject.length === 0) return;
  await keep({ append, reject });
  // last: what is in both for a moment has one name, under which the server takes it once
  const [transaction, outbox, rejected] = tables('readwrite');
  append.forEach(({ opId }) => outbox.delete(opId));
  reject.forEach(({ operation }) => rejected.delete(operation.opId));
  await finished(transaction);
}
