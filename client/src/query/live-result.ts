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
    const from = before && this.matches(before) ? this.place(before) : undefined;
    const stays = after !== undefined && this.matches(after);
    if (from === undefined && !stays) return undefined;
    if (from !== undefined && stays && this.fits(after, from)) {
      this.members[from] = after;
      return looksAlike(before!, after) ? undefined : 'changed';
    }
    if (from !== undefined) this.members.splice(from, 1);
    if (!stays) return 'removed';
    this.members.splice(this.place(after), 0, after);
    return from === undefined ? 'added' : 'changed';
  }

  /** Whether an atome would stand where another stands now. */
  private fits(atome: Atome, place: number): boolean {
    const [left, right] = [this.members[place - 1], this.members[place + 1]];
    return (!left || this.compare(left, atome) < 0) && (!right || this.compare(atome, right) < 0);
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

/** What is different from the result that was told before; undefined when nothing is. */
export function differenceOf(before: readonly Atome[] | undefined, after: readonly Atome[]): Difference | undefined {
  const was = new Map(before?.map(({ id, version }) => [id, version]));
  const [added, changed]: [string[], string[]] = [[], []];
  for (const { id, version } of after) {
    if (!was.has(id)) added.push(id);
    else if (was.get(id) !== version) changed.push(id);
    was.delete(id);
  }
  const difference = { added, changed, removed: [...was.keys()] };
  return before && isEmpty(difference) ? undefined : difference;
}

function idsOf(atomes: readonly Atome[]): Set<string> {
  return new Set(atomes.map(({ id }) => id));
}

function isEmpty({ added, changed, removed }: Difference): boolean {
  return added.length + changed.length + removed.length === 0;
}
