import { refusal } from '../core/errors.js';
import type { Changes, PendingWrite } from '../storage/store.js';
import { timeOf } from './write-clock.js';

/** Whether a record of the outbox is a write: nobody knows what becomes of a file in the hands of others. */
export function isSound({ opId, operation, atomeId }: PendingWrite): boolean {
  return [opId, operation, atomeId].every((part) => typeof part === 'string') && timeOf(opId) >= 0;
}

/** What becomes of those that are none: one change, or none. */
export function rubbishOf(writes: readonly PendingWrite[]): Changes[] {
  const error = refusal('invalid', 'this is no write', 400);
  const reject = writes.filter((each) => !isSound(each)).map((operation) => ({ operation, error, rejectedAt: '' }));
  return reject.length > 0 ? [{ settle: reject.map(({ operation }) => operation.opId), reject }] : [];
}
