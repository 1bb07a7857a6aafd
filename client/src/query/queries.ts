import type { Atome } from '../../../src/protocol/index.js';
import type { LiveQuery, QueryListener } from '../offline/api.js';
import { eachOf } from '../core/each-of.js';
import type { Fenced } from '../core/emitter.js';
import type { AnyKinds } from '../core/kinds.js';
import type { Deferred } from '../offline/load-deferred.js';
import type { Replica } from '../offline/replica.js';
import type { Shown } from '../offline/view.js';
import { createLiveResult, differenceOf, type LiveResult } from './live-result.js';
import { checked, type Difference, type Query } from './query.js';

/** What a query calls back, whatever its kinds. */
export type Run = QueryListener<AnyKinds, string>;

type Keep = (atomes: readonly Atome[]) => void;
const NOTHING: Difference = { added: [], changed: [], removed: [] };

/** The queries of a client over what it shows. */
export interface Queries {
  readonly get: (id: string) => Promise<Atome | null>;
  readonly list: (query?: Query) => Promise<readonly Atome[]>;
  /** One live query, which works while somebody listens; with `run` it calls back once there is a result. */
  readonly watch: (query: Query, run?: Run) => LiveQuery<AnyKinds, string> | (() => void);
  readonly changed: (shown: ReadonlyMap<string, Shown>) => void;
  /** Nothing will change any more: ends all iterations. */
  readonly end: () => void;
}

/** @param later the second file, which has what iterates; rejects where the client ends without it. */
export function createQueries(
  replica: Replica,
  fenced: Fenced,
  later: () => Promise<Pick<Deferred, 'iterate'>>,
): Queries {
  const live = new Set<(shown: ReadonlyMap<string, Shown>) => void>();
  const iterating = new Set<() => void>();
  let isOver = false;

  function candidates({ ids }: Query): Iterable<Atome> {
    return ids ? [...new Set(ids)].flatMap((id) => replica.view.get(id) ?? []) : replica.view.all();
  }

  /**
   * Calls back once there is a result, and whenever a reader sees a change.
   * @param keep gets each, also without one.
   * @param known what was told before.
   */
  function follow(query: Query, run: Run, keep?: Keep, known: readonly Atome[] = []): () => void {
    let [ended, told, isWhole] = [false, false, false];
    let result: LiveResult | undefined;
    const tell = (atomes: readonly Atome[]): void => {
      const difference = differenceOf(known, atomes, (before, after) => before.version !== after.version);
      const isNews = !told || difference;
      told = true;
      known = atomes;
      keep?.(atomes);
      if (isNews) fenced(() => run(atomes, difference ?? NOTHING));
    };
    void replica.select(query).then((atomes) => {
      if (atomes && !ended && !told) tell(atomes);
    });
    const apply = (shown: ReadonlyMap<string, Shown>): void =>
      fenced(() => {
        const difference = result!.apply(shown);
        if (!isWhole) return undefined;
        keep?.(result!.atomes);
        if (difference) return run(result!.atomes, difference);
      });
    const begin = (): void => {
      if (ended || result) return;
      result = createLiveResult(query, () => candidates(query));
      live.add(apply);
    };
    // page by page, so that it takes no time when all is read; else it is sorted once
    if (query.limit !== undefined) fenced(begin);
    replica.loaded.then(
      () =>
        fenced(() => {
          begin();
          isWhole = true;
          if (!ended) tell(result!.atomes);
        }),
      () => undefined,
    );
    return () => {
      ended = true;
      live.delete(apply);
    };
  }

  function liveQuery(query: Query): LiveQuery<AnyKinds, string> {
    const listeners = new Set<{ readonly run: Run }>();
    let atomes: readonly Atome[] = [];
    let stop: () => void;
    return {
      subscribe(run) {
        const listener = { run };
        if (listeners.size === 0) {
          stop = follow(
            query,
            (result, difference) => eachOf(listeners, (each) => fenced(() => each.run(result, difference))),
            (result) => (atomes = result),
            atomes,
          );
        }
        listeners.add(listener);
        fenced(() => run(atomes, NOTHING));
        return () => {
          if (listeners.delete(listener) && listeners.size === 0) stop();
        };
      },
      getSnapshot: () => atomes,
      async *[Symbol.asyncIterator](): AsyncGenerator<readonly Atome[], undefined> {
        const second = await later().catch(() => undefined);
        if (second)
          yield* second.iterate(
            (run) => follow(query, run),
            iterating,
            () => isOver,
          );
      },
    };
  }

  return {
    async get(id) {
      await replica.loaded;
      const atome = replica.view.get(id);
      return atome?.deletedAt === null ? atome : null;
    },
    async list(asked = {}) {
      const query = checked(asked);
      const atomes = await replica.select(query);
      if (atomes) return atomes;
      await replica.loaded;
      return createLiveResult(query, () => candidates(query), 0).atomes;
    },
    watch(asked, run) {
      const query = checked(asked);
      return run ? follow(query, run) : liveQuery(query);
    },
    end() {
      isOver = true;
      iterating.forEach((look) => look());
    },
    changed(shown) {
      // one that is made by a callback has begun with what is there now
      eachOf(live, (apply) => apply(shown));
    },
  };
}
