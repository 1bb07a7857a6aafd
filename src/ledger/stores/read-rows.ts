import {
  hasDocument,
  type AlterationRow,
  type AtomeRow,
  type DocumentRow,
  type HeadRow,
  type PartialAtomeRow,
} from '../rows.js';
import type { CountedDescendants, LockedState, TouchedKeys } from '../store.js';
import type { Param } from './columns.js';

/* Rows as they come out of the databases, and what is read for a group of writes. */

/** PostgreSQL hands 64-bit integers over as text; ours stay far below 2^53. */
export function numbers<Row extends object>(row: Row, fields: readonly (keyof Row)[]): Row {
  for (const field of fields) (row[field] as unknown) = Number(row[field]);
  return row;
}

export function headRow(row: HeadRow): HeadRow {
  return numbers(row, ['seq', 'atomes', 'bytes']);
}

/** What `UPDATE_HEAD` wants. */
export function headParams(tenant: string, { seq, hash, timestamp, atomes, bytes, kinds }: HeadRow): Param[] {
  return [seq, hash, timestamp, atomes, bytes, kinds, tenant];
}

export function atomeRow<Row extends PartialAtomeRow>(row: Row): Row {
  return numbers(row, ['seq', 'createdSeq']);
}

export function alterationRow(row: AlterationRow): AlterationRow {
  return numbers(row, ['seq']);
}

export type FoundAtomes = Pick<LockedState, 'atomes' | 'parents'>;

/** Rows that were asked for, with the parents that were read behind them. */
export function withParents(
  atomes: readonly PartialAtomeRow[],
  parents: readonly string[],
  read: readonly PartialAtomeRow[],
): FoundAtomes {
  const known = new Set(atomes.map(({ id }) => id));
  return { atomes: [...atomes, ...read.filter(({ id }) => !known.has(id))], parents };
}

/** The ids of the atomes whose documents have not been read and are needed. */
export function missingDocuments(
  { atomes }: FoundAtomes,
  { atomeIds, isWanted = () => true, documentBytes = Infinity }: TouchedKeys,
): string[] {
  const missing = atomes.filter((row) => !hasDocument(row) && isWanted(row));
  if (missing.length > 1) {
    const places = new Map(atomeIds.map((id, place) => [id, place]));
    const placeOf = ({ id }: PartialAtomeRow): number => places.get(id) ?? Infinity;
    missing.sort((one, other) => placeOf(one) - placeOf(other));
  }
  let bytes = 0;
  const end = missing.findIndex(({ size }, index) => (bytes += size) > documentBytes && index > 0);
  return (end < 0 ? missing : missing.slice(0, end)).map(({ id }) => id);
}

/** Whose descendants are to be counted; undefined when nobody's are. */
export function countedOf({ atomes }: FoundAtomes, { countedAmong }: TouchedKeys): CountedDescendants | undefined {
  const counted = countedAmong?.(atomes);
  return counted && counted.adopters.length + counted.changed.length > 0 ? counted : undefined;
}

export interface DescendantsOfOwner {
  readonly ownerId: string;
  readonly count: number | string;
}

/** What was counted, as the plan is given it. */
export function descendantsOf(
  counted: CountedDescendants,
  rows: readonly DescendantsOfOwner[],
): Pick<LockedState, 'counted' | 'descendants'> {
  return { counted, descendants: new Map(rows.map(({ ownerId, count }) => [ownerId, Number(count)])) };
}

export type ReadDocumentRow = DocumentRow & Pick<AtomeRow, 'id'>;

/** Rows, with the documents that were read behind them. */
export function withDocuments(found: FoundAtomes, documents: readonly ReadDocumentRow[]): FoundAtomes {
  if (documents.length === 0) return found;
  const byId = new Map(documents.map((row) => [row.id, row]));
  return { ...found, atomes: found.atomes.map((row) => ({ ...row, ...byId.get(row.id) })) };
}
