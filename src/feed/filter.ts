import { matchesCondition, type Atome, type AtomeHeader, type Filter } from '../protocol/index.js';
import { valueIn } from '../ledger/lazy-atome.js';
import type { Entry } from './entry.js';
import type { Visibility } from './visibility.js';

/** What a reader with a filter gets of an entry: the event's JSON, or undefined for nothing. */
export type Show = (entry: Entry, visibility: Visibility) => string | undefined;

/** Equal for equal filters: readers with one key share their frames. */
export function filterKey({ kinds, types, ids, parentId, where }: Filter): string {
  const sorted = [kinds, types, ids].map((list) => (list ? [...list].sort() : null));
  return JSON.stringify([...sorted, parentId === undefined ? [] : parentId, where]);
}

/** How what is shown of an entry is told. */
type Tell = (entry: Entry) => string | undefined;

const eventOf: Tell = (entry) => entry.event;

/** The changes alone, where whoever has the atome as it was needs no more. */
export const briefOf: Tell = (entry) => entry.delta ?? entry.event;

/** An atome that moves out of the filter is told to have left: to whom it was shown, it must not stay. */
export function eventFilter(filter: Filter, tell: Tell = eventOf): Show {
  const matches = matcher(filter);
  const { where } = filter;
  if (!matches && !where) return showAllAs(tell);
  const hasPlace = matches ?? ((): boolean => true);
  const isTrue = (atome: Atome | null | undefined): boolean =>
    !where || (atome ? matchesCondition(where, atome, valueIn) : false);
  return (entry, visibility) => {
    if (visibility === 'hidden') return undefined;
    // whoever may read an atome no longer is told nothing of what is in it: its place decides
    const isShown = visibility === 'shown';
    const isIn = hasPlace(entry.after);
    if (isShown && isIn && (entry.redacts || isTrue(entry.states?.after))) return tell(entry);
    const wasIn = entry.before !== null && hasPlace(entry.before);
    const had = entry.existed || (wasIn && (!isShown || isTrue(entry.states?.before)));
    if (!had || (visibility === 'withheld' && isIn)) return undefined;
    return entry.leftEvent(visibility === 'left' ? 'access' : 'filter');
  };
}

function showAllAs(tell: Tell): Show {
  return (entry, visibility) => {
    if (visibility === 'shown') return tell(entry);
    return visibility === 'left' ? entry.leftEvent('access') : undefined;
  };
}

/** What a reader without a filter gets. */
export const showAll = showAllAs(eventOf);

function matcher({ kinds, types, ids, parentId }: Filter): ((header: AtomeHeader) => boolean) | undefined {
  if (!kinds && !types && !ids && parentId === undefined) return undefined;
  const among = (list: readonly string[] | undefined): ((value: string | null) => boolean) => {
    if (!list) return () => true;
    const set = new Set<string | null>(list);
    return (value) => set.has(value);
  };
  const [kind, type, id] = [among(kinds), among(types), among(ids)];
  return (header) =>
    kind(header.kind) && type(header.type) && id(header.id) && (parentId === undefined || header.parentId === parentId);
}
