import type { ListCursor, ListQuery, VisibilityFilter } from '../store.js';
import { isReadNow } from './ancestors.sql.js';
import { conditionSql, type ConditionDialect } from './condition.sql.js';
import type { SortDialect } from './sort-dialect.js';
import { ATOME_COLUMNS, ATOME_NAMES, type Measured, type Param, type Statement } from './columns.js';
import { indexConditions, type IndexUse } from './index-use.js';
import { asInJson, type Found } from './search.js';

/* Lists of atomes: which, in which order, for which principal. Parameters are written `?`. */

const SORT_COLUMN: Record<ListQuery['sortBy'], string> = {
  updatedAt: 'seq',
  createdAt: 'created_seq',
  id: 'id',
  kind: 'kind',
  type: `coalesce(type, '')`,
  version: 'version',
};

const SORT_NAME: Record<ListQuery['sortBy'], string> = { ...SORT_COLUMN, createdAt: '"createdSeq"' };

/** What the databases say in ways of their own. */
export interface Dialect {
  /** A subquery of the texts in a JSON array parameter. */
  readonly textsOf: string;
  /** A subquery of the [id, version] pairs in a JSON array parameter. */
  readonly pairsOf: string;
  /** The expression for `data` in lower case. */
  readonly lowerData: string;
  /** Whether `seq` is among a JSON array parameter, or behind one for a tenant. */
  readonly isFound: string;
  /** Whether one of the texts in a JSON array parameter is in another text. Never LIKE, which may ignore case. */
  readonly namesReader: (readers: string) => string;
  /** A column whose index is not to be walked for the order: only SQLite, which has no statistics, has to be told. */
  readonly unwalked: (column: string) => string;
  /** Which atome an entry of the index of a field leads to. */
  readonly isLed: string;
  /** Comparisons of fields. */
  readonly conditions: ConditionDialect;
  /** Orders by fields. */
  readonly sorting: SortDialect;
}

/** What the index of searches has found of its text narrows a list; left out: all that there is is looked through. */
export type FoundQuery = ListQuery & {
  readonly found?: Found | undefined;
  /** The index that leads to the atomes. */
  readonly index?: IndexUse | undefined;
  /** The last place that is looked at. */
  readonly until?: ListCursor | undefined;
};

/** What a list is read from; SQLite reads it in this order. */
export function fromOf({ index }: FoundQuery): string {
  return index ? 'atome_field_values CROSS JOIN atome_atomes' : 'atome_atomes';
}

export function selectList(tenant: string, query: FoundQuery, dialect: Dialect): Measured {
  const { conditions, params } = listConditions(tenant, query, dialect);
  const column = sortColumn(query, dialect);
  const direction = query.sortOrder === 'asc' ? 'ASC' : 'DESC';
  const isByTime = query.index !== undefined && query.sortBy === 'updatedAt';
  const place = isByTime ? '(field_seq, atome_id)' : `(${column}, id)`;
  const within = between(place, query);
  conditions.push(...within.conditions);
  params.push(...within.params);
  const order = `ORDER BY ${column} ${direction}, id ${direction}`;
  const inOrder = isByTime ? `ORDER BY field_seq ${direction}` : order;
  const page = `FROM ${fromOf(query)} WHERE ${conditions.join(' AND ')} ${inOrder} LIMIT ? OFFSET ?`;
  // what was found is sorted: without the documents
  const sorted = `FROM atome_atomes WHERE tenant = ? AND id IN (SELECT id ${page}) ${order}`;
  const isSorted = query.found ?? (query.index && !(isByTime && query.index.isOneValue));
  return {
    sql: `SELECT ${ATOME_COLUMNS} ${isSorted ? sorted : page}`,
    params: [...(isSorted ? [tenant] : []), ...params, query.limit, query.offset],
    names: ATOME_NAMES,
    order: `${SORT_NAME[query.sortBy]} ${direction}, id ${direction}`,
    length: 'size',
  };
}

function between(place: string, { sortOrder, after, until }: FoundQuery): { conditions: string[]; params: Param[] } {
  const [behind, upTo] = sortOrder === 'asc' ? ['>', '<='] : ['<', '>='];
  return {
    conditions: [...(after ? [`${place} ${behind} (?, ?)`] : []), ...(until ? [`${place} ${upTo} (?, ?)`] : [])],
    params: [after, until].flatMap((each) => (each ? [(each.value ?? '') as Param, each.id] : [])),
  };
}

/** How many atomes a search that no index helps looks through for one page, and about how many bytes of them. */
export const MOST_SEARCHED = { rows: 10_000, bytes: 64 * 1024 * 1024 };

/** What a search looks through: what its reader may see, however much of it the documents then leave out. */
const walkedOf = (query: ListQuery): ListQuery => ({
  ...query,
  type: undefined,
  search: undefined,
  where: undefined,
  includeDeleted: true,
});

/** One more atome than a search looks through; none where there are no more. Those that may not be read do not count. */
export function selectOneMore(tenant: string, query: ListQuery, dialect: Dialect): Statement {
  const { conditions, params } = listConditions(tenant, walkedOf(query), dialect);
  const sql = `SELECT seq FROM atome_atomes WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT 1 OFFSET ?`;
  return { sql, params: [...params, MOST_SEARCHED.rows] };
}

/**
 * The atome with which a walk in order has passed so many, or so much; none where there is less. Those that may not be read do
 * not count, so that its place tells nothing of them.
 */
export function selectWalkEnd(tenant: string, query: ListQuery, dialect: Dialect, most = MOST_SEARCHED): Statement {
  const walked = walkedOf(query);
  const { conditions, params } = listConditions(tenant, walked, dialect);
  const column = sortColumn(walked, dialect);
  const within = between(`(${column}, id)`, walked);
  const direction = query.sortOrder === 'asc' ? 'ASC' : 'DESC';
  const rows = `SELECT id, size, ${SORT_COLUMN[query.sortBy]} AS place FROM atome_atomes
    WHERE ${[...conditions, ...within.conditions].join(' AND ')} ORDER BY ${column} ${direction}, id ${direction} LIMIT ?`;
  const passed = `SELECT id, row_number() OVER walk AS n, sum(size) OVER walk AS bytes FROM (${rows}) AS walked
    WINDOW walk AS (ORDER BY place ${direction}, id ${direction})`;
  return {
    sql: `SELECT ${ATOME_COLUMNS} FROM atome_atomes WHERE tenant = ? AND id =
      (SELECT id FROM (${passed}) AS passed WHERE n = ? OR bytes > ? ORDER BY n LIMIT 1)`,
    params: [tenant, ...params, ...within.params, most.rows, most.rows, most.bytes],
  };
}

/**
 * Most parents have few children: they are found and sorted, not looked for among all atomes in order.
 * Those without a parent are many, and `seq` is in order behind each parent.
 */
function sortColumn({ sortBy, parentId, found, index }: FoundQuery, { unwalked }: Dialect): string {
  const column = SORT_COLUMN[sortBy];
  if (found ?? index) return unwalked(column);
  return typeof parentId === 'string' && sortBy !== 'updatedAt' ? unwalked(column) : column;
}

/** @param after leaves out those up to a seq. */
export function countList(tenant: string, query: FoundQuery, dialect: Dialect, after = 0): Statement {
  const { conditions, params } = listConditions(tenant, query, dialect);
  if (after > 0) {
    conditions.push('seq > ?');
    params.push(after);
  }
  return { sql: `SELECT count(*) AS total FROM ${fromOf(query)} WHERE ${conditions.join(' AND ')}`, params };
}

/** How many an index leads to, one more than `most` at most; with the atomes themselves, what they must be is asked of each. */
export function countFound(tenant: string, query: FoundQuery, most: number, dialect?: Dialect): Statement {
  const { conditions, params } = dialect
    ? listConditions(tenant, query, dialect)
    : { conditions: [indexConditions(tenant, query.index!).sql], params: indexConditions(tenant, query.index!).params };
  const from = dialect ? fromOf(query) : 'atome_field_values';
  return {
    sql: `SELECT count(*) AS total FROM (SELECT 1 FROM ${from} WHERE ${conditions.join(' AND ')} LIMIT ?) AS found`,
    params: [...params, most + 1],
  };
}

/** The seq behind which there are `most` of those that an index has together in order of seq; none where there are fewer. */
export function selectBound(tenant: string, { kind, parentId }: ListQuery, most: number): Statement {
  const isChild = typeof parentId === 'string';
  const conditions = ['tenant = ?'];
  const params: Param[] = [tenant];
  if (isChild) {
    conditions.push('parent_id = ?');
    params.push(parentId);
  } else if (kind !== undefined) {
    conditions.push('kind = ?');
    params.push(kind);
  } else if (parentId === null) conditions.push('parent_id IS NULL');
  const sql = `SELECT seq FROM atome_atomes WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT 1 OFFSET ?`;
  return { sql, params: [...params, most] };
}

function visibility({ names, exceptKinds }: VisibilityFilter, { namesReader }: Dialect): Statement {
  const kinds = exceptKinds.length === 0 ? '' : ` AND kind NOT IN (${exceptKinds.map(() => '?').join(', ')})`;
  const readers = JSON.stringify(names.map((name) => `\n${name}\n`));
  return {
    sql: `(readers IS NULL OR ${namesReader('readers')}) AND ${isReadNow(namesReader)}${kinds}`,
    params: [readers, readers, ...exceptKinds],
  };
}

export function listConditions(
  tenant: string,
  query: FoundQuery,
  dialect: Dialect,
): { conditions: string[]; params: Param[] } {
  const conditions = ['tenant = ?'];
  const params: Param[] = [tenant];
  if (query.index) {
    const led = indexConditions(tenant, query.index);
    conditions.unshift(led.sql, dialect.isLed);
    params.unshift(...led.params);
  }
  if (query.found) {
    conditions.push(dialect.isFound);
    params.push(query.found.seqs, tenant, query.found.upTo);
  }
  for (const column of ['kind', 'type'] as const) {
    const value = query[column];
    if (value === undefined) continue;
    conditions.push(`${column} = ?`);
    params.push(value);
  }
  if (query.parentId === null) conditions.push('parent_id IS NULL');
  else if (query.parentId !== undefined) {
    conditions.push('parent_id = ?');
    params.push(query.parentId);
  }
  // before the search, which takes the longer the more there is: nobody waits for what is hidden
  if (query.visibleTo) {
    const visible = visibility(query.visibleTo, dialect);
    conditions.push(visible.sql);
    params.push(...visible.params);
  }
  if (query.where) {
    const wanted = conditionSql(query.where, dialect.conditions);
    conditions.push(wanted.sql);
    params.push(...wanted.params);
  }
  if (query.search !== undefined) {
    conditions.push(`${dialect.lowerData} LIKE ? ESCAPE '\\'`);
    params.push(likePattern(query.search));
  }
  if (!query.includeDeleted) conditions.push('deleted_at IS NULL');
  return { conditions, params };
}

/** `data` is JSON text, so the words are looked for as JSON writes them. */
export function likePattern(words: string): string {
  return `%${asInJson(words).replace(/[\\%_]/g, '\\$&')}%`;
}
