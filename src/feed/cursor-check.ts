import type { Cursor, ResetReason } from '../protocol/index.js';
import type { LedgerTail } from './ledger-tail.js';

/**
 * Why a cursor cannot be continued; undefined when it can.
 * @param rights what the principal may see, as {@link Cursor} has it.
 */
export async function resetReasonOf(
  tail: LedgerTail,
  cursor: Cursor,
  rights: string | undefined,
): Promise<ResetReason | undefined> {
  const isOther = cursor.rights !== undefined && cursor.rights !== rights;
  return (await ledgerReasonOf(tail, cursor)) ?? (isOther ? 'access' : undefined);
}

async function ledgerReasonOf(tail: LedgerTail, { epoch, since, hash }: Cursor): Promise<ResetReason | undefined> {
  if (epoch !== undefined && epoch !== tail.epoch) return 'epoch';
  if (since === undefined) return undefined;
  // another node may be ahead of this one
  if (since > tail.seq) await tail.refresh();
  if (since > tail.seq) return 'future';
  if (hash === undefined || since === 0) return undefined;
  return (await tail.hashAt(since)) === hash ? undefined : 'forked';
}
