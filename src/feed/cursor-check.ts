import { RESETS } from '../ledger/signals.js';
import type { Cursor, ResetReason } from '../protocol/index.js';
import type { LedgerTail } from './ledger-tail.js';

/**
 * Why a cursor cannot be continued, which whoever measures is told; undefined when it can.
 * @param rights what the principal may see, as {@link Cursor} has it.
 * @param isCompact only the newest of each atome is wanted, which needs no history.
 */
export async function resetReasonOf(
  tail: LedgerTail,
  cursor: Cursor,
  rights: string | undefined,
  isCompact = false,
): Promise<ResetReason | undefined> {
  const isOther = cursor.rights !== undefined && cursor.rights !== rights;
  const reason = (await ledgerReasonOf(tail, cursor, isCompact)) ?? (isOther ? 'access' : undefined);
  if (reason && RESETS.hasSubscribers) RESETS.publish({ reason });
  return reason;
}

async function ledgerReasonOf(
  tail: LedgerTail,
  { epoch, since, hash }: Cursor,
  isCompact: boolean,
): Promise<ResetReason | undefined> {
  if (epoch !== undefined && epoch !== tail.epoch) return 'epoch';
  if (since === undefined) return undefined;
  // another node may be ahead of this one
  if (since > tail.seq) await tail.refresh();
  if (since > tail.seq) return 'future';
  if (!isCompact && (await tail.isArchived(since))) return 'compacted';
  if (hash === undefined || since === 0 || (await tail.hashAt(since)) === hash) return undefined;
  // what it was there nobody may be able to tell any more
  return (await tail.isArchived(since, true)) ? 'compacted' : 'forked';
}

/** Whether who begins with nothing is to be told all that there is compactly, as its beginning is in an archive. */
export async function isWhole(tail: LedgerTail, since: number): Promise<boolean> {
  return since === 0 && (await tail.isArchived(0));
}
