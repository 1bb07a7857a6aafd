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

/** How many a limited result knows beyond its end, so that what leaves it rarely makes it look at everything again. */
const SPARE = 100;
/** Rarely enough, where each one that is found is better than those before. */
const ROUGHLY = 1_000;

/**
 * @param all gives all that there is, as it is when it is called.
 * @param roughly how many more than it needs it finds before it sorts them.
 */
export function createLiveResult(
  query: Query,
  all: () => Iterable<Atome>,
  spare = SPARE,
  roughly = ROUGHLY,
): LiveResult {
  const { limit = Infinity, offset = 0 } = query;
  const end = offset + limit;
  const most = end + spare;
  const matches = matcher(query);
  const compare = comparator(query);
  /** The first of those that match, in order; the result is a part of them. */
  let members: Atome[];
  /** Up to where none that matches is missing among them; undefined where none is at all. */
  let bound: Atome | undefined;
  const isWithin = (atome: Atome | undefined): boolean =>
    !!atome && matches(atome) && (!bound || compare(atome, bound) <= 0);

  function fill(): void {
    bound = undefined;
    const found: Atome[] = [];
    for (const atome of all()) {
      if (isWithin(atome) && found.push(atome) > most + roughly) take(found);
    }
    take(found);
  }

  function take(found: Atome[]): void {
    members = found.sort(compare);
    if (members.length <= most) return;
    members.length = most;
    bound = members.at(-1);
  }

  /** Where an atome stands, or would stand. */
  function placeOf(atome: Atome): number {
    let [low, high] = [0, members.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(members[middle]!, atome) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  fill();
  let atomes: readonly Atome[] = members!.slice(offset, end);

  return {
    get atomes() {
      return atomes;
    },
    apply(changes) {
      const moved = { added: [] as string[], changed: [] as string[], removed: [] as string[] };
      const [gone, come] = [new Set<Atome>(), [] as Atome[]];
      /** One of them was replaced by what looks alike, or may have been. */
      let isStale = false;
      for (const [id, { before, after }] of changes) {
        const [was, is] = [isWithin(before), isWithin(after)];
        const place = was ? placeOf(before!) : 0;
        // it would stand where it stands, or just behind itself
        const stays = was && is && (placeOf(after!) - place) >>> 1 === 0;
        if (stays) {
          members[place] = after!;
          isStale = true;
          if (looksAlike(before!, after!)) continue;
        } else {
          if (was) gone.add(members[place]!);
          if (is) come.push(after!);
        }
        if (was || is) moved[!was ? 'added' : is ? 'changed' : 'removed'].push(id);
      }
      let difference = someOf(moved);
      if (!difference && !isStale) return undefined;
      // to sort looks at all; of many, each by itself would move what is behind it
      if (gone.size + come.length > spare || members.length + come.length > most)
        take(members.filter((each) => !gone.has(each)).concat(come));
      else {
        for (const each of gone) members.splice(placeOf(each), 1);
        for (const each of come) members.splice(placeOf(each), 0, each);
      }
      if (bound && members.length < end) {
        isStale = true;
        fill();
      }
      const changed = new Set(moved.changed);
      const now = members.slice(offset, end);
      // behind a limit, atomes come and go that have not changed themselves, and come back that have
      if (difference && (offset || end < Infinity))
        difference = differenceOf(atomes, now, (before, after) => changed.has(after.id) || !looksAlike(before, after));
      if (difference || isStale) atomes = now;
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
