import { AtomeError, isRedacted, redacted, type AtomeState } from '../../protocol/index.js';
import type { AlterationRow } from '../rows.js';
import type { TenantLedger } from '../store.js';

/** A place in an atome's past. */
export type AsOf = { readonly version: number } | { readonly seq: number } | { readonly time: string };

type AsOfPosition = Exclude<AsOf, { version: number }>;

/** Whose past: the atome, and its version of now. */
interface Looked {
  readonly id: string;
  readonly current: number;
}

/**
 * The newest version not after a position; 0 when there is none. Binary search: versions, seqs and times grow together.
 * @throws AtomeError `gone` where the position is below the floor.
 */
export async function versionAt(ledger: TenantLedger, { id, current }: Looked, asOf: AsOfPosition): Promise<number> {
  let [low, high] = [0, current];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const row = await ledger.alterations.version(id, middle);
    if (!row) await requireKnown(ledger, id, asOf);
    if (row && isAfter(row, asOf)) high = middle - 1;
    else low = middle;
  }
  return low;
}

/** What is archived was before any position at or behind the floor. */
async function requireKnown(ledger: TenantLedger, id: string, asOf: AsOfPosition): Promise<void> {
  const floor = await ledger.audit.floor();
  if (floor && isAfter(floor, asOf)) throw archivedBefore(id, await ledger.alterations.archived(id));
}

function isAfter({ seq, timestamp }: Pick<AlterationRow, 'seq' | 'timestamp'>, asOf: AsOfPosition): boolean {
  return 'seq' in asOf ? seq > asOf.seq : timestamp > asOf.time;
}

/** Why a version that an atome has had is not known. */
export async function unknownPast(ledger: TenantLedger, now: AtomeState): Promise<AtomeError> {
  return isRedacted(now) ? redacted(now) : archivedBefore(now.id, await ledger.alterations.archived(now.id));
}

/** For what was before the history begins. */
export function archivedBefore(id: string, archivedTo: number): AtomeError {
  const text = `the history of "${id}" begins at version ${archivedTo}: what was before is in an archive`;
  return new AtomeError('gone', text, { archivedTo });
}
