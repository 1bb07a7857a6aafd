import type { PartialAtomeRow } from '../../rows.js';
import type { LockedState, TouchedKeys } from '../../store.js';
import type { Param } from '../columns.js';
import { atomeRow, hasMoreRelatives, rootsOf, withRelatives, type FoundAtomes } from '../read-rows.js';
import * as sql from '../sql.js';
import { COUNT_DESCENDANTS, SELECT_RELATIVES } from './postgres.sql.js';

/* What is read for a group once the rights of those who write are known, in the transaction that holds the lock. */

/** Asks a statement for its rows. */
export type ReadRows = <Row>(text: string, values: readonly Param[], name?: string) => Promise<Row[]>;

/** Adds the relatives of those that may hand an access down. */
export async function findRelatives(
  rows: ReadRows,
  tenant: string,
  atomes: readonly PartialAtomeRow[],
  touched: TouchedKeys,
): Promise<FoundAtomes> {
  const roots = rootsOf(atomes, touched);
  if (!roots) return { atomes };
  const read = (limit?: number): Promise<PartialAtomeRow[]> =>
    rows(SELECT_RELATIVES, sql.relativesParams(tenant, roots, limit));
  const some = await read();
  const related = hasMoreRelatives(some, roots, touched) ? await read(sql.NO_LIMIT) : some;
  return withRelatives(atomes, related.map(atomeRow), roots);
}

/** Counts those that inherit where some are added. */
export async function countAdopted(
  rows: ReadRows,
  tenant: string,
  { atomes }: FoundAtomes,
  { adoptersAmong }: TouchedKeys,
): Promise<Pick<LockedState, 'adopters' | 'descendants'>> {
  const adopters = adoptersAmong?.(atomes) ?? [];
  if (adopters.length === 0) return {};
  const [counted] = await rows<{ count: string }>(COUNT_DESCENDANTS, sql.descendantsParams(tenant, adopters));
  return { adopters, descendants: Number(counted!.count) };
}
