import { fold, type AtomeState } from '../protocol/index.js';
import { alterationBodyOf, snapshotOf, type AlterationRow } from './rows.js';

/** About how many characters of a row are not its changes: names, times and hashes. */
const ROW_CHARS = 400;

/** How much one more row adds to what is read to get at the state after it. */
export function weightOf(changes: string): number {
  return ROW_CHARS + changes.length;
}

/** The state after a row, given the one before it. */
export function stateAfter(before: AtomeState | null, row: AlterationRow): AtomeState {
  return row.snapshot === null ? fold(before, alterationBodyOf(row)) : snapshotOf(row, row.snapshot);
}

/** The state after the last of an atome's rows, which begin with a base; null for none. */
export function foldLineage(rows: readonly AlterationRow[]): AtomeState | null {
  return rows.reduce<AtomeState | null>(stateAfter, null);
}
