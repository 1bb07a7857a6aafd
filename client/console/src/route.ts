import { createValue, type Value } from './data/value.js';

/*
 * Each view has an address behind `#`, so that the page works under any prefix and the server needs to know none of them:
 * `#/atomes`, `#/atomes/<id>`, `#/live`, `#/history/<id>`, `#/explain?seq=7`.
 */

/** Where one is. */
export interface Route {
  readonly view: string;
  /** What of it; empty for nothing. */
  readonly id: string;
  readonly query: URLSearchParams;
}

function current(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view = '', id = ''] = path.split('/');
  return { view: view || 'atomes', id: decoded(id), query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Where one is now. */
export const route: Value<Route> = createValue(current());
addEventListener('hashchange', () => route.set(current()));

/** The address of a view. */
export function addressOf(view: string, id = '', query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const tail = given.length > 0 ? `?${new URLSearchParams(given).toString()}` : '';
  return `#/${view}${id && `/${encodeURIComponent(id)}`}${tail}`;
}

/** Goes there. */
export function go(...where: Parameters<typeof addressOf>): void {
  location.hash = addressOf(...where);
}

/** Goes there in the place of where one is: `back` does not come by here again. */
export function goInstead(...where: Parameters<typeof addressOf>): void {
  history.replaceState(null, '', addressOf(...where));
  route.set(current());
}
