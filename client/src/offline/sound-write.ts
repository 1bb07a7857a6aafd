import type { PendingWrite } from '../storage/store.js';
import { timeOf } from './write-clock.js';

/** Whether a record of the outbox is a write: nobody knows what becomes of a file in the hands of others. */
export function isSound({ opId, operation, atomeId }: PendingWrite): boolean {
  return [opId, operation, atomeId].every((part) => typeof part === 'string') && timeOf(opId) >= 0;
}
