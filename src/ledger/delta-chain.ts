import { fold, foldOnto, type AtomeState, type Foldable } from '../protocol/index.js';
import { isErased } from './erasure.js';
import type { DeltaRow } from './rows.js';
import { snapshotOf } from './row-mapper.js';
import { turnBySize } from './turns.js';

/** About how many characters of a row are not its changes: names, times and hashes. */
const ROW_CHARS = 400;

/** How much one more row adds to what is read to get at the state after it. */
export function deltaBytesOf(changes: string): number {
  return ROW_CHARS + changes.length;
}

/**
 * The state after a row, given the one before it; null where it has been erased.
 * @param change what the row says
 */
export function stateAfter(before: AtomeState | null, row: DeltaRow, change: Foldable): AtomeState | null {
  return after(before, row, () => fold(before, change));
}

/** As {@link stateAfter}, onto a state that nobody else holds, which is changed in place. */
export function stateOnto(before: AtomeState | null, row: DeltaRow, change?: Foldable): AtomeState | null {
  return after(before, row, () => foldOnto(before, change ?? changeOf(row)));
}

function after(before: AtomeState | null, row: DeltaRow, folded: () => AtomeState): AtomeState | null {
  if (isErased(row)) return null;
  if (row.snapshot !== null) return snapshotOf(row, row.snapshot);
  // what it is folded onto may have been erased since the row was read
  if (before === null && row.version !== row.base) return null;
  return folded();
}

/** What a row says. */
export function changeOf({
  atomeId,
  version,
  operation,
  changes,
  author,
  hlc,
  timestamp,
  superseded,
}: DeltaRow): Foldable {
  const decoded: unknown = JSON.parse(changes);
  const lost: unknown = JSON.parse(superseded);
  // the writer is the only one who fills these columns, from the typed union
  return { atomeId, version, operation, changes: decoded, author, hlc, timestamp, superseded: lost } as Foldable;
}

/**
 * The states after the last rows of atomes, each of which begins with a base; null where it has been erased. A document may
 * be large, so that the loop turns between the rows.
 */
export async function foldDeltaChains(rows: readonly DeltaRow[]): Promise<Map<string, AtomeState | null>> {
  const states = new Map<string, AtomeState | null>();
  const turn = turnBySize();
  for (const row of rows) {
    const due = turn(row.changes.length + (row.snapshot?.length ?? 0));
    if (due) await due;
    states.set(row.atomeId, stateOnto(states.get(row.atomeId) ?? null, row));
  }
  return states;
}
