import type { AnyKinds, AtomeOf, Client, KindOf, Query } from './index.js';

/** The result of a query, and how it stands with it. */
export interface QueryState<Map = AnyKinds, Kind extends KindOf<Map> = KindOf<Map>> {
  /** What is known: while it loads perhaps not all. */
  readonly data: readonly AtomeOf<Map, Kind>[];
  /**
   * `loading` until the store has been read and holds a complete state, `ready` from then on, whether or not there is a
   * connection; `error` as long as no complete state can come, and when the client has stopped.
   */
  readonly state: 'loading' | 'ready' | 'error';
  /** Why, where the state is `error`. */
  readonly error: Error | undefined;
}

/** A query with its states, which works while somebody listens. It has the shape of a Svelte store. */
export interface LiveState<State> {
  /** Calls back at once, and whenever something is different. @returns what ends it. */
  readonly subscribe: (run: (state: State) => unknown) => () => void;
  /** As it is: the same object until something is different. */
  readonly getSnapshot: () => State;
}

/**
 * A query that stays true, with its states: whether an empty result means that there is nothing, that it is not here yet, or
 * that it will not come.
 * @throws SyncError `invalid` for a query that is written wrong.
 */
export function queryState<Map = AnyKinds, Kind extends KindOf<Map> = KindOf<Map>>(
  client: Pick<Client<Map>, 'watch' | 'ready' | 'on' | 'status'>,
  query: Query<Map, Kind>,
): LiveState<QueryState<Map, Kind>> {
  const live = client.watch(query);
  let now: QueryState<Map, Kind> = { data: live.getSnapshot(), state: 'loading', error: undefined };

  function getSnapshot(): QueryState<Map, Kind> {
    const data = live.getSnapshot();
    if (data !== now.data) now = { ...now, data };
    return now;
  }

  return {
    getSnapshot,
    subscribe(run) {
      let told: unknown;
      let ended = false;
      const look = (): unknown => {
        const status = client.status();
        const isError = now.state === 'error';
        if (status.state === 'stopped' && !isError) become('error', new Error(status.reason));
        // another tab, which kept something else, has gone
        if (status.state === 'live' && isError) become('ready');
        if (ended || getSnapshot() === told) return undefined;
        told = now;
        return run(now);
      };
      const become = (state: QueryState['state'], error?: Error): void => void (now = { ...now, state, error });
      const stops = [live.subscribe(look), client.on('sync:status', look)];
      void client
        .ready()
        .then(
          () => now.state === 'loading' && become('ready'),
          (thrown: unknown) => now.state === 'loading' && become('error', thrown as Error),
        )
        .then(look)
        .catch(report);
      return () => {
        ended = true;
        stops.forEach((stop) => stop());
      };
    },
  };
}

/** What a callback throws, as the client itself reports it. */
function report(thrown: unknown): void {
  const { reportError } = globalThis as Partial<typeof globalThis>;
  if (reportError) reportError(thrown);
  else console.error(thrown);
}

/**
 * How many atomes of the local store a query finds, whatever its `limit` and `offset`.
 * @throws SyncError `invalid` for a query that is written wrong.
 */
export async function count<Map = AnyKinds, Kind extends KindOf<Map> = KindOf<Map>>(
  client: Pick<Client<Map>, 'list'>,
  query: Query<Map, Kind> = {},
): Promise<number> {
  return (await client.list({ ...query, limit: undefined, offset: undefined })).length;
}
