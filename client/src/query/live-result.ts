import type { Atome } from '../../../src/protocol/index.js';
import { looksAlike, type Shown } from '../sync/view.js';
import { comparator, matcher, type Difference, type Query } from './query.js';

/** The result of a query, kept right change by change, without looking at what has not changed. */
export class LiveResult {
  /** The same array until something is different in it. */
  atomes: readonly Atome[];
  private readonly matches: (atome: Atome) => boolean;
  private readonly compare: (a: Atome, b: Atome) => number;
  /** All that match, in order; the result is the first of them. */
  private readonly members: Atome[];

  constructor(
    private readonly query: Query,
    all: Iterable<Atome>,
  ) {
    this.matches = matcher(query);
    this.compare = comparator(query);
    this.members = [...all].filter(this.matches).sort(this.compare);
    this.atomes = this.window();
  }

  /** @returns what is different in the result, or undefined when nothing is. */
  apply(changes: ReadonlyMap<string, Shown>): Difference | undefined {
    const difference = { added: [] as string[], changed: [] as string[], removed: [] as string[] };
    for (const [id, shown] of changes) {
      const kind = this.move(shown);
      if (kind) difference[kind].push(id);
    }
    if (isEmpty(difference)) return undefined;
    const before = this.atomes;
    this.atomes = this.window();
    if (this.query.limit === undefined) return difference;
    // behind a limit, atomes come and go that have not changed themselves
    const [was, is] = [idsOf(before), idsOf(this.atomes)];
    const seen = {
      added: [...is].filter((id) => !was.has(id)),
      changed: difference.changed.filter((id) => was.has(id) && is.has(id)),
      removed: [...was].filter((id) => !is.has(id)),
    };
    if (!isEmpty(seen)) return seen;
    this.atomes = before;
    return undefined;
  }

  /** Puts one atome to its place. @returns what a reader sees of that. */
  private move({ before, after }: Shown): keyof Difference | undefined {
    const [from, to] = [this.take(before), this.put(after)];
    if (from === undefined) return to === undefined ? undefined : 'added';
    if (to === undefined) return 'removed';
    return from !== to || !looksAlike(before!, after!) ? 'changed' : undefined;
  }

  private take(atome: Atome | undefined): number | undefined {
    if (!atome || !this.matches(atome)) return undefined;
    const place = this.place(atome);
    this.members.splice(place, 1);
    return place;
  }

  private put(atome: Atome | undefined): number | undefined {
    if (!atome || !this.matches(atome)) return undefined;
    const place = this.place(atome);
    this.members.splice(place, 0, atome);
    return place;
  }

  /** Where an atome stands, or would stand. */
  private place(atome: Atome): number {
    let low = 0;
    let high = this.members.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(this.members[middle]!, atome) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private window(): Atome[] {
    return this.members.slice(0, this.query.limit);
  }
}

function idsOf(atomes: readonly Atome[]): Set<string> {
  return new Set(atomes.map(({ id }) => id));
}

function isEmpty({ added, changed, removed }: Difference): boolean {
  return added.length + changed.length + removed.length === 0;
}
