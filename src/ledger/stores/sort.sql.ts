import {
  SORT_RANK,
  type DocumentField,
  type FieldPath,
  type OwnField,
  type Sort,
  type SortValue,
} from '../../protocol/index.js';
import { ATOME, ATOME_COLUMNS, ATOME_NAMES, type Measured, type Param } from './columns.js';
import { keyColumns } from './field-values.sql.js';
import type { IndexUse } from './index-use.js';
import { fromOf, listConditions, type Dialect, type FoundQuery } from './list.sql.js';
import type { SortDialect, SortPart } from './sort-dialect.js';

/* Lists in order of fields, see `compareAtomes`. Parameters are written `?`. */

interface OrderedPart extends SortPart {
  readonly name: string;
  readonly isDescending: boolean;
  readonly value: Param | undefined;
  /** Whether it is a column of the index that leads to the atomes. */
  readonly isLed?: boolean;
}

/** Sorted without the documents, which are looked up for the page: by the id as the key has it, not as it is in order. */
export function selectSorted(tenant: string, query: FoundQuery, dialect: Dialect): Measured {
  const { conditions, params } = listConditions(tenant, query, dialect);
  const { parts, from } = partsOf(query, dialect.sorting);
  if (query.after) {
    const led = parts.filter(({ isLed }) => isLed);
    // an index cannot follow a comparison that goes two ways
    if (led.length > 0 && !isOneWay(parts)) conditions.push(behind(led, params, '='));
    conditions.push(behind(parts, params));
  }
  const columns = parts.map(({ sql, name }) => `${sql} AS ${name}`).join(', ');
  const order = parts.map(({ name, isDescending }) => `${name} ${isDescending ? 'DESC' : 'ASC'}`).join(', ');
  const page = `SELECT id AS sid, ${columns} FROM ${fromOf(query)}${from} WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ? OFFSET ?`;
  const names = parts.map(({ name }) => name).join(', ');
  return {
    sql: `SELECT ${ATOME_COLUMNS}, ${names} FROM (${page}) AS sorted CROSS JOIN atome_atomes
      WHERE tenant = ? AND id = sid ORDER BY ${order}`,
    params: [...params, query.limit, query.offset, tenant],
    names: ATOME_NAMES,
    order,
    length: 'size',
  };
}

function partsOf(
  { sort = [], after, index }: FoundQuery,
  dialect: SortDialect,
): { readonly parts: readonly OrderedPart[]; readonly from: string } {
  const isLed = isLedBy(index, sort);
  const documents = sort
    .map(({ field }) => field)
    .filter((field, place) => 'document' in field && !(place === 0 && isLed)) as DocumentField[];
  const { from, names } = dialect.beside(documents.map((field) => dialect.valueOf(field)));
  const values = after?.value as readonly SortValue[] | undefined;
  const sides = sort.flatMap(({ field, isDescending }, place): Omit<OrderedPart, 'name'>[] =>
    (place === 0 && isLed
      ? ledParts(dialect)
      : fieldParts(field, dialect, (document) => names[documents.indexOf(document)]!)
    ).map((part) => ({
      ...part,
      isDescending,
      value: values && part.of(values[place]!),
    })),
  );
  const isDescending = sort.at(-1)?.isDescending ?? false;
  const id = {
    sql: isLed ? 'atome_id' : dialect.inBytes('id'),
    mark: dialect.marks.text,
    of: () => null,
    isDescending,
    value: after?.id,
  };
  return { parts: [...sides, id].map((part, place) => ({ ...part, name: `s${place}` })), from };
}

/** Whether an index has a list in the order of its first field. */
function isLedBy(index: IndexUse | undefined, [first]: Sort): boolean {
  return index !== undefined && index.field === first?.field;
}

/** The columns of an index, which hold what the parts would be. */
function ledParts(dialect: SortDialect): readonly (SortPart & { readonly isLed: true })[] {
  const parts = dialect.ofDocument('value');
  return keyColumns(parts).map((sql, place) => ({ ...parts[place]!, sql, isLed: true }));
}

const isOneWay = (parts: readonly OrderedPart[]): boolean =>
  parts.every(({ isDescending }) => isDescending === parts[0]!.isDescending);

function fieldParts(
  field: FieldPath,
  dialect: SortDialect,
  valueOf: (field: DocumentField) => string,
): readonly SortPart[] {
  return 'own' in field ? ownParts(field.own, dialect) : dialect.ofDocument(valueOf(field));
}

const NULLABLE: ReadonlySet<OwnField> = new Set<OwnField>(['type', 'parentId', 'deletedAt']);

function ownParts(own: OwnField, { inBytes, marks }: SortDialect): SortPart[] {
  const column = `atome_atomes."${ATOME[own]}"`;
  if (own === 'version') return [{ sql: column, mark: marks.number, of: ([, value]) => value }];
  const text: SortPart = { sql: inBytes(`coalesce(${column}, '')`), mark: marks.text, of: ([, value]) => value ?? '' };
  if (!NULLABLE.has(own)) return [{ ...text, sql: inBytes(column) }];
  const rank = `CASE WHEN ${column} IS NULL THEN ${SORT_RANK.null} ELSE ${SORT_RANK.text} END`;
  return [{ sql: rank, mark: marks.number, of: ([of]) => of }, text];
}

/** What comes behind a place: one comparison of rows where all go the same way, which an index can follow. */
function behind(parts: readonly OrderedPart[], params: Param[], orEqual = ''): string {
  const [first] = parts;
  if (isOneWay(parts)) {
    params.push(...parts.map(({ value }) => value!));
    const [columns, marks] = [parts.map(({ sql }) => sql), parts.map(({ mark }) => mark)];
    return `(${columns.join(', ')}) ${first!.isDescending ? '<' : '>'}${orEqual} (${marks.join(', ')})`;
  }
  const [{ sql, mark, isDescending, value }, ...others] = parts as [OrderedPart, ...OrderedPart[]];
  params.push(value!);
  const isPast = `${sql} ${isDescending ? '<' : '>'} ${mark}`;
  if (others.length === 0) return isPast;
  params.push(value!);
  return `(${isPast} OR (${sql} = ${mark} AND ${behind(others, params)}))`;
}
