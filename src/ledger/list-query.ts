import type { Condition, Sort, SortValue } from '../protocol/index.js';

export const SORT_KEYS = ['updatedAt', 'createdAt', 'id', 'kind', 'type', 'version'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Restricts a list to what a principal may read. */
export interface VisibilityFilter {
  /** One of these must be among an atome's readers, unless everybody is. */
  readonly names: readonly string[];
  readonly exceptKinds: readonly string[];
}

/** Which atomes, in which order. */
export interface ListQuery {
  /** Only those of this kind. */
  readonly kind?: string | undefined;
  /** Only those of this type. */
  readonly type?: string | undefined;
  /** null: those without a parent. */
  readonly parentId?: string | null | undefined;
  /** Text that `data` must contain, ignoring case. */
  readonly search?: string | undefined;
  /** What must be true of them. */
  readonly where?: Condition | undefined;
  /** Whether deleted atomes are among them. */
  readonly includeDeleted: boolean;
  /** What they are ordered by; the id decides between equals. */
  readonly sortBy: SortKey;
  /** Ascending or descending. */
  readonly sortOrder: 'asc' | 'desc';
  /** In place of `sortBy`: by fields, then by id in the direction of the last of them. */
  readonly sort?: Sort | undefined;
  /** Only what these may read, by the rights of each atome and by its kind; left out: everything. */
  readonly visibleTo?: VisibilityFilter | undefined;
  /** At most so many; a page of large atomes may end earlier. */
  readonly limit: number;
  /** How many to leave out before the first. */
  readonly offset: number;
  /** Continue behind this place in the order (keyset); `offset` then counts from there. */
  readonly after?: ListCursor | undefined;
}

/** What decides which atomes a list has. */
export type ListFilter = Exclude<keyof ListQuery, 'sortBy' | 'sortOrder' | 'sort' | 'limit' | 'offset' | 'after'>;

/**
 * How the atomes are found that a filter wants: an index has them in order, or it leaves out few; they are looked for among
 * others; by the index of texts; by that of a field, where there is one. A new filter has to say so before a list is taken
 * for a cheap one.
 */
const FOUND_BY: Readonly<Record<ListFilter, 'order' | 'looking' | 'text' | 'field'>> = {
  kind: 'order',
  type: 'looking',
  parentId: 'order',
  search: 'text',
  where: 'field',
  includeDeleted: 'order',
  visibleTo: 'order',
};
const FILTERS = Object.keys(FOUND_BY) as ListFilter[];

/** Whether some of what a list wants is found in one of these ways. */
export function isFoundBy(query: ListQuery, ...ways: readonly (typeof FOUND_BY)[ListFilter][]): boolean {
  return FILTERS.some((filter) => query[filter] !== undefined && ways.includes(FOUND_BY[filter]));
}

/** A place in an order: what its rows are ordered by, and an id. */
export interface ListCursor {
  /** Of each field where it is by fields. */
  readonly value: string | number | null | readonly SortValue[];
  readonly id: string;
}

/** What a list costs that is about fields. */
export interface QueryCost {
  /** Whether an index finds what is wanted, and has it in order. */
  readonly isIndexed: boolean;
  /** How many atomes are looked through otherwise, at most; left out where that is not known, or not the caller's to know. */
  readonly rows?: number;
}

/** How many atomes a query finds. */
export interface Total {
  /** Where it is not exact, at least so many. */
  readonly total: number;
  readonly isExact: boolean;
}
