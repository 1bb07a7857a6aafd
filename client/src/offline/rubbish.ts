import { refusal } from '../core/errors.js';
import type { Changes, PendingWrite } from '../storage/store.js';
import { isSound } from './sound-write.js';

/** What becomes of those that are none. */
export function rubbishOf(writes: readonly PendingWrite[]): Changes {
  const error = refusal('invalid', 'this is no write', 400);
  const reject = writes.filter((each) => !isSound(each)).map((operation) => ({ operation, error, rejectedAt: '' }));
  return { settle: reject.map(({ operation }) => operation.opId), reject };
}
