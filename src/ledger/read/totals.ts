import { KindTotals } from '../kind-totals.js';
import type { ListFilter } from '../list-query.js';
import type { ListQuery, TenantLedger } from '../store.js';

/** Most rows that are looked at for a total that is not exact. */
export const MOST_COUNTED = 10_000;

/** How many there are of a list where the head counts them: all, and those of a kind. */
export async function keptTotal({ write }: TenantLedger, query: ListQuery): Promise<number | undefined> {
  const { kind, type, parentId, search, where, visibleTo, includeDeleted } = query;
  // the compiler asks for every filter
  const filters: Record<Exclude<ListFilter, 'kind' | 'includeDeleted'>, unknown> = {
    type,
    parentId,
    search,
    where,
    visibleTo,
  };
  if (Object.values(filters).some((filter) => filter !== undefined)) return undefined;
  const head = await write.open();
  return kind === undefined && !includeDeleted ? head.atomes : new KindTotals(head.kinds).of(kind, includeDeleted);
}
