import type { Atome } from '../../../src/protocol/index.js';
import type { LiveQuery, QueryListener } from '../api.js';
import type { AnyKinds } from '../kinds.js';
import type { Replica } from '../sync/replica.js';
import type { Shown } from '../sync/view.js';
import { differenceOf, LiveResult } from './live-result.js';
import { comparator, matcher, type Difference, type Query } from './query.js';

/** What a query calls back, whatever its kinds. */
export type Run = QueryListener<AnyKinds, string>;

/** What a store can answer before all of it has been read: those changed last. */
const NEWEST = JSON.stringify({ sort: '-updatedAt' });

const NOTHING: Difference = { added: [], changed: [], removed: [] };

/** The queries of a client over what it shows. */
export class Queries {
  private readonly live = new Set<(shown: ReadonlyMap<string, Shown>) => void>();

  constructor(private readonly replica: Replica) {}

  async get(id: string): Promise<Atome | null> {
    await this.replica.loaded;
    const atome = this.replica.view.get(id);
    return atome?.deletedAt === null ? atome : null;
  }

  async list(query: Query = {}): Promise<readonly Atome[]> {
    const first = await this.first(query);
    if (first) return first;
    await this.replica.loaded;
    return [...this.candidates(query)].filter(matcher(query)).sort(comparator(query)).slice(0, query.limit);
  }

  /** One live query. It works while somebody listens. */
  watch(query: Query): LiveQuery<AnyKinds, string> {
    const listeners = new Set<{ readonly run: Run }>();
    let atomes: readonly Atome[] = [];
    let stop: () => void;
    return {
      subscribe: (run) => {
        const listener = { run };
        if (listeners.size === 0) {
          stop = this.follow(query, (result, difference) => {
            atomes = result;
            listeners.forEach((each) => each.run(result, difference));
          });
        }
        listeners.add(listener);
        run(atomes, NOTHING);
        return () => {
          if (listeners.delete(listener) && listeners.size === 0) stop();
        };
      },
      getSnapshot: () => atomes,
      [Symbol.asyncIterator]: () => this.results(query),
    };
  }

  /** Calls back once there is a result, and whenever it changes. */
  follow(query: Query, run: Run): () => void {
    let ended = false;
    let told: readonly Atome[] | undefined;
    let apply = (_shown: ReadonlyMap<string, Shown>): void => undefined;
    const tell = (atomes: readonly Atome[]): void => {
      const difference = differenceOf(told, atomes);
      told = atomes;
      if (difference) run(atomes, difference);
    };
    void this.first(query).then((first) => {
      if (first && !ended && !told) tell(first);
    });
    void this.replica.loaded.then(
      () => {
        if (ended) return;
        const result = new LiveResult(query, this.candidates(query));
        apply = (shown) => {
          const difference = result.apply(shown);
          if (difference) run(result.atomes, difference);
        };
        this.live.add(apply);
        tell(result.atomes);
      },
      () => undefined,
    );
    return () => {
      ended = true;
      this.live.delete(apply);
    };
  }

  /** Each result; those that nobody has taken give way to newer ones. */
  private async *results(query: Query): AsyncGenerator<readonly Atome[], undefined> {
    let newest: readonly Atome[] | undefined;
    let wake = (): void => undefined;
    const stop = this.follow(query, (atomes) => {
      newest = atomes;
      wake();
    });
    try {
      for (;;) {
        while (!newest) await new Promise<void>((resolve) => (wake = resolve));
        const result = newest;
        newest = undefined;
        yield result;
      }
    } finally {
      stop();
    }
  }

  changed(shown: ReadonlyMap<string, Shown>): void {
    if (shown.size > 0) [...this.live].forEach((apply) => apply(shown));
  }

  /** What the store can tell before it has been read. */
  private async first({ kind, parentId, limit, ...more }: Query): Promise<readonly Atome[] | undefined> {
    if (limit === undefined || JSON.stringify(more) !== NEWEST) return undefined;
    return this.replica.newest({ kind, parentId }, limit);
  }

  private candidates({ ids }: Query): Iterable<Atome> {
    return ids ? [...new Set(ids)].flatMap((id) => this.replica.view.get(id) ?? []) : this.replica.view;
  }
}
