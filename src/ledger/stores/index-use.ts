import {
  sortValueAt,
  SORT_RANK,
  type Atome,
  type Condition,
  type DocumentField,
  type Term,
} from '../../protocol/index.js';
import { isFoundBy, type ListQuery } from '../list-query.js';
import type { Param, Statement } from './columns.js';
import { SYMBOLS } from './condition.sql.js';
import { indexName, IS_COMPLETE, keyColumns } from './field-values.sql.js';
import type { SortPart } from './sort-dialect.js';

/* How a list uses the index of a field: what is left of its condition is still asked of each atome that is found. */

/** An index, and where in it a list looks. */
export interface IndexUse {
  readonly name: string;
  readonly field: DocumentField;
  /** Left out: everywhere. */
  readonly bounds?: Statement | undefined;
  /** Whether it looks at one value alone, behind which the order is that of time. */
  readonly isOneValue: boolean;
}

type Has = (field: DocumentField) => boolean;

/** The index that has a list in its order, and the one that finds what its condition wants. */
export function usesOf(query: ListQuery, has: Has, parts: readonly SortPart[]): { order?: IndexUse; where?: IndexUse } {
  const { kind, sort, where, includeDeleted } = query;
  if (kind === undefined || includeDeleted || isFoundBy(query, 'text')) return {};
  const terms = where ? partsOf(where) : [];
  const useOf = (field: DocumentField): IndexUse => {
    const found = terms.flatMap((term) => boundOf(term, field, parts) ?? []);
    const bounds = found.length === 0 ? undefined : joined(found.map(({ bound }) => bound));
    return { name: indexName(kind, field), field, bounds, isOneValue: found.some(({ isOneValue }) => isOneValue) };
  };
  const first = sort?.[0]?.field;
  const order = first && 'document' in first && has(first) ? useOf(first) : undefined;
  const found = terms.flatMap(fieldsIn).filter(has).map(useOf);
  const bounded = found.filter(({ bounds }) => bounds !== undefined);
  const wanted = bounded.find(({ isOneValue }) => isOneValue) ?? bounded[0];
  return { ...(order && { order }), ...(wanted && { where: wanted }) };
}

/** The comparisons that must all be true, each with its alternatives. */
function partsOf(condition: Condition): readonly Condition[] {
  return 'all' in condition ? condition.all.flatMap(partsOf) : [condition];
}

function fieldsIn(condition: Condition): readonly DocumentField[] {
  const terms = 'any' in condition ? condition.any : [condition];
  return terms.flatMap((term) => ('field' in term && 'document' in term.field ? [term.field] : []));
}

/** Where in an index the atomes are of which a condition is true: maybe with others; undefined where that cannot be said. */
function boundOf(
  condition: Condition,
  field: DocumentField,
  parts: readonly SortPart[],
): { readonly bound: Statement; readonly isOneValue: boolean } | undefined {
  const columns = keyColumns(parts);
  if ('any' in condition) {
    const values = condition.any.map((term) => (isOf(term, field) ? equalTo(term, parts) : undefined));
    if (!values.every((each) => each !== undefined)) return undefined;
    const marks = `(${parts.map(({ mark }) => mark).join(', ')})`;
    const list = values.map(() => marks).join(', ');
    return { bound: { sql: `(${columns.join(', ')}) IN (VALUES ${list})`, params: values.flat() }, isOneValue: false };
  }
  if (!isOf(condition, field)) return undefined;
  const equal = equalTo(condition, parts);
  if (equal) {
    const sql = columns.map((column, place) => `${column} = ${parts[place]!.mark}`).join(' AND ');
    return { bound: { sql, params: equal }, isOneValue: true };
  }
  const bound = rangeOf(condition, parts);
  return bound && { bound, isOneValue: false };
}

function isOf(condition: Condition, { document, keys }: DocumentField): condition is Term {
  if (!('field' in condition) || !('document' in condition.field)) return false;
  const { field } = condition;
  return field.document === document && JSON.stringify(field.keys) === JSON.stringify(keys);
}

function equalTo(term: Term, parts: readonly SortPart[]): Param[] | undefined {
  if (term.operator !== 'eq') return undefined;
  const value = sortValueAt(VALUE, { data: { value: term.value } } as unknown as Atome);
  return parts.map(({ of }) => of(value));
}

const VALUE: DocumentField = { document: 'data', keys: ['value'] };

/** Values of one type. Of a long text the index has the beginning, so that the end of a range belongs to it. */
function rangeOf(term: Term, parts: readonly SortPart[]): Statement | undefined {
  if (!(term.operator in SYMBOLS) || !('value' in term)) return undefined;
  const value = sortValueAt(VALUE, { data: { value: term.value } } as unknown as Atome);
  const columns = keyColumns(parts);
  // the column that has values of the type: those before it are the same for all of them
  const last = value[0] === SORT_RANK.number ? 1 : parts.length - 1;
  const symbol = term.operator.startsWith('g') ? '>=' : '<=';
  const tests = columns.slice(0, last + 1).map((column, place) => {
    return `${column} ${place === last ? symbol : '='} ${parts[place]!.mark}`;
  });
  return { sql: tests.join(' AND '), params: parts.slice(0, last + 1).map(({ of }) => of(value)) };
}

function joined(statements: readonly Statement[]): Statement {
  return { sql: statements.map(({ sql }) => sql).join(' AND '), params: statements.flatMap(({ params }) => params) };
}

/** What an index is asked. */
export function indexConditions(tenant: string, { name, bounds }: IndexUse): Statement {
  const conditions = ['field_tenant = ?', 'field = ?', IS_COMPLETE, ...(bounds ? [bounds.sql] : [])];
  return { sql: conditions.join(' AND '), params: [tenant, name, name, ...(bounds?.params ?? [])] };
}
