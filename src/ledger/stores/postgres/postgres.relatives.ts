import type { PartialAtomeRow } from '../../rows.js';
import type { LockedState, TouchedKeys } from '../../store.js';
import type { Param } from '../columns.js';
import { descendantsParams } from '../inheritance.sql.js';
import {
  atomeRow,
  countedOf,
  descendantsOf,
  withParents,
  type FoundAtomes,
  type DescendantsOfOwner,
} from '../read-rows.js';
import { COUNT_DESCENDANTS, SELECT_ATOMES, SELECT_ATOMES_BELOW } from './postgres.sql.js';

/* What is read for a group once the rights of those who write are known, in the transaction that holds the lock. */

/** Asks a statement for its rows. */
export type ReadRows = <Row>(text: string, values: readonly Param[], name?: string) => Promise<Row[]>;

/** Reads atomes, with those above them where these are needed. */
export function readAtomes(
  rows: ReadRows,
  tenant: string,
  ids: readonly string[],
  { needsAncestors = false }: TouchedKeys,
): Promise<PartialAtomeRow[]> {
  const params = [JSON.stringify(ids), tenant];
  return needsAncestors ? rows(SELECT_ATOMES_BELOW, params) : rows(SELECT_ATOMES, params, 'atomes');
}

/** Adds the parents that are needed of those that were read. */
export async function findParents(
  rows: ReadRows,
  tenant: string,
  atomes: readonly PartialAtomeRow[],
  touched: TouchedKeys,
): Promise<FoundAtomes> {
  const parents = touched.parentsAmong?.(atomes) ?? [];
  if (parents.length === 0) return { atomes };
  return withParents(atomes, parents, (await readAtomes(rows, tenant, parents, touched)).map(atomeRow));
}

/** Counts those who inherit where some are added, and from what changes. */
export async function countDescendants(
  rows: ReadRows,
  tenant: string,
  found: FoundAtomes,
  touched: TouchedKeys,
): Promise<Pick<LockedState, 'counted' | 'descendants'> | undefined> {
  const counted = countedOf(found, touched);
  return (
    counted &&
    descendantsOf(counted, await rows<DescendantsOfOwner>(COUNT_DESCENDANTS, descendantsParams(tenant, counted)))
  );
}
