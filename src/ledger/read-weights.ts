import { isFoundBy } from './list-query.js';
import type { LedgerAlterations, LedgerAtomes, LedgerAudit, LedgerQueries, ListQuery } from './store.js';

/** A verdict for each read of a part, by what it is asked. */
type Weights<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (...args: infer Args) => unknown
    ? (...args: Args) => boolean
    : never;
};

const light = (): boolean => false;
const heavy = (): boolean => true;

/**
 * Which reads of a ledger are heavy: they may walk over all that there is, where others read rows by their keys, or a page
 * that an index has in order. Who admits reads and the stores that run them both go by this, so that no read takes the slot
 * of a light one and then stands where the heavy ones wait.
 */
export const isHeavy: {
  readonly atomes: Weights<LedgerAtomes>;
  readonly queries: Weights<LedgerQueries>;
  readonly alterations: Weights<LedgerAlterations>;
  readonly audit: Weights<LedgerAudit>;
} = {
  atomes: {
    get: light,
    partial: light,
    some: light,
    headers: light,
    after: heavy,
  },
  queries: {
    list: isWalk,
    search: heavy,
    count: heavy,
    countNewest: heavy,
  },
  // a chain is bounded by the document that is folded of it
  alterations: {
    page: light,
    newest: light,
    version: light,
    versions: light,
    history: light,
    archived: light,
    deltaChain: light,
  },
  audit: { rows: heavy, owned: heavy, otherBytes: heavy, hashAt: light, floor: light },
};

/** A page that begins behind more rows than that is no short way into the list. */
const FAR = 10_000;
const IN_ORDER: ReadonlySet<string> = new Set(['updatedAt', 'createdAt', 'id']);

/** Whether no index has the wanted atomes together, and in that order. */
function isWalk(query: ListQuery): boolean {
  return (
    isFoundBy(query, 'looking', 'text', 'field') || query.sort !== undefined || query.offset > FAR || !isInOrder(query)
  );
}

/** Whether an index has the atomes of a list in its order. */
export function isInOrder({ kind, parentId, sortBy }: ListQuery): boolean {
  if (typeof parentId === 'string') return true;
  return kind !== undefined || parentId === null ? sortBy === 'updatedAt' : IN_ORDER.has(sortBy);
}
