import type { FieldIndexes } from '../ledger/field-indexes.js';
import { KindTotals } from '../ledger/kind-totals.js';
import { isFoundBy, type ListQuery, type QueryCost } from '../ledger/list-query.js';
import type { HeadRow } from '../ledger/rows.js';
import { invalid, type AtomeError, type Condition, type FieldPath } from '../protocol/index.js';

/** What lists cost that are about fields, and whether that is too much. */
export class QueryCosts {
  constructor(
    private readonly indexes: Pick<FieldIndexes, 'serves'>,
    /** Most atomes that a list may look through; 0: as many as there are. */
    private readonly scanLimit: number,
  ) {}

  /**
   * undefined where nothing is asked of fields.
   * @param isTold whether the caller may know how many atomes there are.
   * @throws AtomeError `invalid` where it is too much.
   */
  async of(query: ListQuery, head: () => Promise<HeadRow>, isTold: boolean): Promise<QueryCost | undefined> {
    if (!query.sort && !isFoundBy(query, 'field')) return undefined;
    if (this.indexes.serves(query)) return { isIndexed: true };
    // another index leaves it few, nobody knows how many
    if (typeof query.parentId === 'string' || isFoundBy(query, 'text')) return { isIndexed: false };
    if (!isTold && this.scanLimit === 0) return { isIndexed: false };
    const rows = rowsOf(await head(), query.kind);
    if (this.scanLimit > 0 && rows > this.scanLimit) throw this.refusal(query);
    return { isIndexed: false, ...(isTold && { rows }) };
  }

  private refusal(query: ListQuery): AtomeError {
    const { kind, sort, where, includeDeleted } = query;
    const isOfOrder = !where || this.indexes.serves({ ...query, sort: undefined });
    const path = isOfOrder ? 'sort' : 'where';
    const field = isOfOrder ? sort?.[0]?.field : fieldsOf(where).find((each) => 'document' in each);
    const name = field && 'document' in field ? [field.document, ...field.keys].join('.') : 'a field of data';
    const of = kind === undefined ? 'name a kind that has' : `have in the options of the kind ${kind}`;
    const help = includeDeleted ? 'leave out includeDeleted, and ' : '';
    const message = `would look through more than ${this.scanLimit} atomes, since no index helps: ${help}${of} ${name} among its indexed fields (the limit is QUERY_SCAN_LIMIT)`;
    return invalid([{ path, message }]);
  }
}

function rowsOf({ kinds, atomes }: HeadRow, kind: string | undefined): number {
  const totals = new KindTotals(kinds);
  return totals.of(kind, true) ?? totals.of(undefined, true) ?? atomes;
}

function fieldsOf(condition: Condition): readonly FieldPath[] {
  if ('all' in condition) return condition.all.flatMap(fieldsOf);
  if ('any' in condition) return condition.any.flatMap(fieldsOf);
  return 'not' in condition ? fieldsOf(condition.not) : [condition.field];
}

/** As it stands in the header `X-Query-Cost`. */
export function costText({ isIndexed, rows }: QueryCost): string {
  if (isIndexed) return 'indexed';
  return rows === undefined ? 'scan' : `scan;rows=${rows}`;
}
