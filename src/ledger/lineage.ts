import { fold, type AtomeState } from '../protocol/index.js';
import { isErased } from './erased.js';
import { alterationBodyOf, snapshotOf, type AlterationRow } from './rows.js';

/** About how many characters of a row are not its changes: names, times and hashes. */
const ROW_CHARS = 400;

/** How much one more row adds to what is read to get at the state after it. */
export function weightOf(changes: string): number {
  return ROW_CHARS + changes.length;
}

/** The state after a row, given the one before it; null where it has been erased. */
export function stateAfter(before: AtomeState | null, row: AlterationRow): AtomeState | null {
  if (isErased(row)) return null;
  if (row.snapshot !== null) return snapshotOf(row, row.snapshot);
  // what it is folded onto may have been erased since the row was read
  if (before === null && row.version !== row.base) return null;
  return fold(before, alterationBodyOf(row));
}

/** The state after the last of an atome's rows, which begin with a base; null for none, or where it has been erased. */
export function foldLineage(rows: readonly AlterationRow[]): AtomeState | null {
  return rows.reduce<AtomeState | null>(stateAfter, null);
}
