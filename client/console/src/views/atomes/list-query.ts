import type { Atome, Client } from '@atome-sync/client';
import { readFilter, type FilterText } from '../../data/filter-text.js';
import { nameOf } from '../../data/names.js';
import { goInstead, type Route } from '../../route.js';

/** How atomes are shown: in a table, below their parents, or those that are deleted. */
export type Mode = 'table' | 'tree' | 'deleted';

/** What is asked for; all of it stands in the address. */
export interface ListQuery {
  readonly kind: string;
  readonly search: string;
  readonly filter: string;
  /** A column, `-` in front for descending. */
  readonly sort: string;
  readonly mode: Mode;
  /** Paths of columns beside the fixed ones. */
  readonly columns: readonly string[];
}

export function listQueryOf({ query }: Route): ListQuery {
  const mode = query.get('mode');
  return {
    kind: query.get('kind') ?? '',
    search: query.get('search') ?? '',
    filter: query.get('filter') ?? '',
    sort: query.get('sort') ?? '-updatedAt',
    mode: mode === 'tree' || mode === 'deleted' ? mode : 'table',
    columns: (query.get('columns') ?? '').split(',').filter(Boolean),
  };
}

/** As it stands in an address. */
export function parametersOf({ kind, search, filter, sort, mode, columns }: ListQuery) {
  return {
    kind,
    search,
    filter,
    sort: sort === '-updatedAt' ? '' : sort,
    mode: mode === 'table' ? '' : mode,
    columns: columns.join(','),
  };
}

/** Asks for something else, and stays at what is open. */
export function ask(id: string, query: ListQuery, change: Partial<ListQuery>): void {
  goInstead('atomes', id, parametersOf({ ...query, ...change }));
}

type SdkQuery = NonNullable<Parameters<Client['list']>[0]>;

/** The query for the copy that is here. A filter that is written wrong shows all. */
export function sdkQueryOf({ kind, search, sort }: ListQuery, filter: FilterText): SdkQuery {
  const needle = search.trim().toLowerCase();
  const test = (atome: Atome): boolean =>
    (!filter.where || filter.test(atome)) && (needle === '' || textOf(atome).includes(needle));
  const isFiltered = filter.where !== undefined || needle !== '';
  return {
    ...(kind && { kind }),
    ...(isFiltered && { where: Object.assign(test, { toJSON: () => filter.where ?? {} }) }),
    sort: sort.endsWith('name') ? byName(sort.startsWith('-') ? -1 : 1) : sort,
  };
}

export { readFilter };

/** Texts of atomes as a search sees them: made once for each state. */
const texts = new WeakMap<Atome, string>();

function textOf(atome: Atome): string {
  let text = texts.get(atome);
  if (text === undefined) {
    text = `${atome.id} ${JSON.stringify(atome.data)}`.toLowerCase();
    texts.set(atome, text);
  }
  return text;
}

const collator = new Intl.Collator(undefined, { numeric: true });

function byName(sign: 1 | -1) {
  const compare = (a: Atome, b: Atome): number =>
    sign * (collator.compare(nameOf(a), nameOf(b)) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return Object.assign(compare, { toJSON: () => ['data.name'] });
}
