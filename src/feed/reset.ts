import { AtomeError, type ResetReason } from '../protocol/index.js';
import type { LedgerTail } from './ledger-tail.js';

/** A cursor cannot be continued: with the reason, the epoch and the head. */
export class Reset extends AtomeError {
  constructor(
    readonly reason: ResetReason,
    { epoch, seq: head }: LedgerTail,
  ) {
    super('reset', `the cursor cannot be continued (${reason}); take a snapshot and go on from its seq`, {
      reason,
      epoch,
      head,
    });
  }
}
