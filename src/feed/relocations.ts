import type { Entry } from './entry.js';
import { equalJson, type AtomeHeader, type JudgedHeader } from '../protocol/index.js';
import { headerOfAtome, type Committed } from '../ledger/outcome.js';

/** The newest header of each relocated atome and the seq of it: the visibility of earlier entries is decided by it. */
export class Relocations {
  private readonly latest = new Map<string, { readonly seq: number; readonly now: JudgedHeader }>();

  get size(): number {
    return this.latest.size;
  }

  /** Takes note of what has moved an atome, or changed who may see it. */
  add(committed: readonly Committed[]): void {
    for (const { alteration, atome, before, current } of committed) {
      // a `share` may also tell that the atome has what it had before, whatever came in between
      if (before && (alteration.operation === 'share' || isRelocation(before, atome)))
        this.latest.set(atome.id, { seq: alteration.seq, now: current ?? headerOfAtome(atome) });
    }
  }

  /** Tells the entries before them. */
  apply(entries: Iterable<Entry>): void {
    if (this.size === 0) return;
    for (const entry of entries) {
      const latest = this.latest.get(entry.after.id);
      if (latest && latest.seq > entry.seq) entry.relocate(latest.now);
    }
  }
}

/** Whether what other atomes inherit may have changed with one of these. */
export function changesDescendants(committed: readonly Committed[]): boolean {
  return committed.some(({ before, atome }) => {
    if (!before) return false;
    const isMoved = atome.access === 'inherit' && before.parentId !== atome.parentId;
    return isMoved || !isSame(before.access, atome.access) || !isSame(before.inherited, atome.inherited);
  });
}

function isRelocation(before: AtomeHeader, after: AtomeHeader): boolean {
  return (
    before.kind !== after.kind ||
    before.type !== after.type ||
    before.parentId !== after.parentId ||
    !isSame(before.access, after.access) ||
    !isSame(before.inherited, after.inherited)
  );
}

function isSame(one: AtomeHeader['access'], other: AtomeHeader['access']): boolean {
  if (one === other) return true;
  return one !== undefined && other !== undefined && equalJson(one, other);
}
