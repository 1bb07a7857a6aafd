import type { Placement } from '../ledger/outcome.js';
import type { Filter } from '../protocol/index.js';
import type { Entry } from './entry.js';

/** What a reader with a filter gets of an entry: the event's JSON, or undefined for nothing. */
export type Show = (entry: Entry) => string | undefined;

/** Equal for equal filters: readers with one key share their frames. */
export function filterKey({ kinds, types, ids, parentId }: Filter): string {
  const sorted = [kinds, types, ids].map((list) => (list ? [...list].sort() : null));
  return JSON.stringify([...sorted, parentId === undefined ? [] : parentId]);
}

/** An atome that moves out of the filter is told to have left: to whom it was shown, it must not stay. */
export function showBy(filter: Filter): Show {
  const matches = matcher(filter);
  if (!matches) return (entry) => entry.event;
  return (entry) => {
    if (matches(entry.after)) return entry.event;
    const had = entry.existed || (entry.before !== null && matches(entry.before));
    return had ? entry.left : undefined;
  };
}

function matcher({ kinds, types, ids, parentId }: Filter): ((place: Placement) => boolean) | undefined {
  if (!kinds && !types && !ids && parentId === undefined) return undefined;
  const among = (list: readonly string[] | undefined): ((value: string | null) => boolean) => {
    if (!list) return () => true;
    const set = new Set<string | null>(list);
    return (value) => set.has(value);
  };
  const [kind, type, id] = [among(kinds), among(types), among(ids)];
  return (place) =>
    kind(place.kind) && type(place.type) && id(place.id) && (parentId === undefined || place.parentId === parentId);
}
