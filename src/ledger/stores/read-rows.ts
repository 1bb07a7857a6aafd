import {
  hasDocument,
  type AlterationRow,
  type AtomeRow,
  type DocumentRow,
  type HeadRow,
  type PartialAtomeRow,
} from '../rows.js';
import { TooManyDescendants, type InheritanceRoots, type LockedState, type TouchedKeys } from '../store.js';
import type { Param } from './columns.js';
import * as sql from './sql.js';

/* Rows as they come out of the databases, and what is read for a group of writes. */

/** PostgreSQL hands 64-bit integers over as text; ours stay far below 2^53. */
export function numbers<Row extends object>(row: Row, fields: readonly (keyof Row)[]): Row {
  for (const field of fields) (row[field] as unknown) = Number(row[field]);
  return row;
}

export function headRow(row: HeadRow): HeadRow {
  return numbers(row, ['seq', 'atomes', 'bytes']);
}

/** What {@link sql.UPDATE_HEAD} wants. */
export function headParams(tenant: string, { seq, hash, timestamp, atomes, bytes }: HeadRow): Param[] {
  return [seq, hash, timestamp, atomes, bytes, tenant];
}

export function atomeRow<Row extends PartialAtomeRow>(row: Row): Row {
  return numbers(row, ['seq', 'createdSeq']);
}

export function alterationRow(row: AlterationRow): AlterationRow {
  return numbers(row, ['seq']);
}

export type FoundAtomes = Pick<LockedState, 'atomes' | 'roots'>;

/** Whose relatives are to be read; undefined when nobody's are. */
export function rootsOf(atomes: readonly PartialAtomeRow[], { rootsAmong }: TouchedKeys): InheritanceRoots | undefined {
  const roots = rootsAmong?.(atomes);
  return roots && roots.shared.length + roots.moved.length > 0 ? roots : undefined;
}

/** Rows that were asked for, with the relatives of the roots among them. */
export function withRelatives(
  atomes: readonly PartialAtomeRow[],
  related: readonly PartialAtomeRow[],
  { shared, moved }: InheritanceRoots,
): FoundAtomes {
  const known = new Set(atomes.map(({ id }) => id));
  return { atomes: [...atomes, ...related.filter(({ id }) => !known.has(id))], roots: [...shared, ...moved] };
}

/**
 * Whether there are more relatives than were read: a right can be taken away whatever their number.
 * @throws TooManyDescendants where fewer writes at once may need fewer of them.
 */
export function hasMoreRelatives(
  related: readonly PartialAtomeRow[],
  roots: InheritanceRoots,
  { isSingle = false }: TouchedKeys,
): boolean {
  if (related.length <= sql.maxRelatives(roots)) return false;
  if (!isSingle) throw new TooManyDescendants();
  return true;
}

/** The ids of the atomes whose documents have not been read and are needed: with one that changes its rights all its heirs'. */
export function missingDocuments({ atomes, roots }: FoundAtomes, { isWanted = () => true }: TouchedKeys): string[] {
  const missing = atomes.filter((row) => !hasDocument(row));
  if (missing.length === 0) return [];
  return missing.filter((row) => (roots !== undefined && row.heirOf !== null) || isWanted(row)).map(({ id }) => id);
}

export type ReadDocumentRow = DocumentRow & Pick<AtomeRow, 'id'>;

/** Rows, with the documents that were read behind them. */
export function withDocuments(found: FoundAtomes, documents: readonly ReadDocumentRow[]): FoundAtomes {
  if (documents.length === 0) return found;
  const byId = new Map(documents.map((row) => [row.id, row]));
  return { ...found, atomes: found.atomes.map((row) => ({ ...row, ...byId.get(row.id) })) };
}
