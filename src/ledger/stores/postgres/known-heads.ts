import type { HeadRow } from '../../rows.js';
import type { LockedState, TouchedKeys } from '../../store.js';

/** So many ledgers are known at once: whoever is forgotten is read again. */
const MAX_KNOWN = 1_024;

interface Known {
  readonly head: HeadRow;
  /** Whether nobody else had written there when this server did so last. */
  readonly isAlone: boolean;
}

/**
 * Where ledgers stand as far as this server knows, which has written to them last: whatever is decided on it holds only if it is
 * still so when it is written. Where others write as well it is no more than a guess, and not tried.
 */
export class KnownHeads {
  private readonly known = new Map<string, Known>();

  /** What a group meets if it only makes atomes, and nobody else has written meanwhile; undefined where it has to be read. */
  before(tenant: string, { atomeIds, createIds = [], needsAncestors }: TouchedKeys): LockedState | undefined {
    const known = this.known.get(tenant);
    // those that it makes are not there: else it finds them when it writes
    if (!known?.isAlone || needsAncestors || atomeIds.length > createIds.length) return undefined;
    return { head: known.head, atomes: [], receipts: [], creations: [] };
  }

  /** @param from where the ledger stood under the lock. @param to where it stands now. */
  committed(tenant: string, from: HeadRow, to: HeadRow): void {
    const last = this.known.get(tenant);
    this.known.delete(tenant);
    this.known.set(tenant, { head: to, isAlone: !last || isSame(last.head, from) });
    // the oldest is the first
    if (this.known.size > MAX_KNOWN) this.known.delete(this.known.keys().next().value!);
  }

  /** It is not known any more whether the ledger stands where it was thought to. */
  doubt(tenant: string): void {
    const known = this.known.get(tenant);
    if (known) this.known.set(tenant, { ...known, isAlone: false });
  }
}

function isSame(one: HeadRow, other: HeadRow): boolean {
  return one.epoch === other.epoch && one.seq === other.seq && one.hash === other.hash && one.bytes === other.bytes;
}
