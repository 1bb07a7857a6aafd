import type { Atome } from '../../../src/protocol/index.js';
import { looksAlike, type Shown } from '../offline/view.js';
import { comparator, matcher, type Difference, type Query } from './query.js';

/** The result of a query, kept right change by change, without looking at what has not changed. */
export interface LiveResult {
  /** The same array until something is different in it, be it a time. */
  readonly atomes: readonly Atome[];
  /** @returns what a reader sees of it, or undefined when that is nothing: then the result may yet have other times. */
  apply(changes: ReadonlyMap<string, Shown>): Difference | undefined;
}

export function createLiveResult(query: Query, all: Iterable<Atome>): LiveResult {
  const { limit = Infinity, offset = 0 } = query;
  const matches = matcher(query);
  const compare = comparator(query);
  /** All that match, in order; the result is a part of them. */
  const members = [...all].filter(matches).sort(compare);
  const shown = (): readonly Atome[] => members.slice(offset, offset + limit);
  let atomes = shown();
  /** One of them was replaced by what looks alike. */
  let isStale = false;

  /** Where an atome stands, or would stand. */
  function placeOf(atome: Atome): number {
    let low = 0;
    let high = members.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(members[middle]!, atome) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether an atome would stand where another stands now. */
  function fits(atome: Atome, place: number): boolean {
    const [left, right] = [members[place - 1], members[place + 1]];
    return (!left || compare(left, atome) < 0) && (!right || compare(atome, right) < 0);
  }

  /** Puts one atome to its place. @returns what a reader sees of that. */
  function move({ before, after }: Shown): keyof Difference | undefined {
    const was = before && matches(before);
    const is = after && matches(after);
    const from = was ? placeOf(before) : -1;
    if (was && is && fits(after, from)) {
      members[from] = after;
      isStale = true;
      return looksAlike(before, after) ? undefined : 'changed';
    }
    if (was) members.splice(from, 1);
    if (!is) return was ? 'removed' : undefined;
    members.splice(placeOf(after), 0, after);
    return was ? 'changed' : 'added';
  }

  return {
    get atomes() {
      return atomes;
    },
    apply(changes) {
      const moved = { added: [] as string[], changed: [] as string[], removed: [] as string[] };
      for (const [id, change] of changes) {
        const how = move(change);
        if (how) moved[how].push(id);
      }
      let difference = someOf(moved);
      const again = isStale;
      isStale = false;
      if (!difference && !again) return undefined;
      const now = shown();
      const changed = new Set(moved.changed);
      // behind a limit, atomes come and go that have not changed themselves
      if (difference && (offset || limit < Infinity))
        difference = differenceOf(atomes, now, ({ id }) => changed.has(id));
      if (difference || again) atomes = now;
      return difference;
    },
  };
}

/**
 * What is different from the result that was told before; undefined when nothing is.
 * @param isChanged whether a reader sees a difference in an atome that is in both.
 */
export function differenceOf(
  before: readonly Atome[],
  after: readonly Atome[],
  isChanged: (before: Atome, after: Atome) => boolean,
): Difference | undefined {
  const was = new Map(before.map((atome) => [atome.id, atome]));
  const [added, changed]: [string[], string[]] = [[], []];
  for (const atome of after) {
    const { id } = atome;
    const known = was.get(id);
    if (!known) added.push(id);
    else if (isChanged(known, atome)) changed.push(id);
    was.delete(id);
  }
  return someOf({ added, changed, removed: [...was.keys()] });
}

function someOf(difference: Difference): Difference | undefined {
  return Object.values(difference as object).some(({ length }: readonly string[]) => length) ? difference : undefined;
}
