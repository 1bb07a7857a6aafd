import { createContext, createElement, useContext, useMemo, useSyncExternalStore } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { queryState, type QueryState } from './query-state.js';
import type { AnyKinds, AtomeOf, Client, KindOf, Kinds, Query, Status } from './index.js';

/** The writes of a client. */
export type Mutations<Map = AnyKinds> = Pick<
  Client<Map>,
  'create' | 'update' | 'replace' | 'patch' | 'rename' | 'tag' | 'share' | 'delete' | 'restore' | 'retry' | 'discard'
>;

/** The hooks, with the types of an application's kinds. */
export interface Hooks<Map = AnyKinds> {
  /** One atome as it is now; null when it is not there, deleted, or the store has not been read yet. */
  readonly useAtome: <Kind extends KindOf<Map> = KindOf<Map>>(id: string) => AtomeOf<Map, Kind> | null;
  /**
   * The result of a query as it is now: the same array until it changes. Empty until the store has been read, and
   * when rendered on a server. The query may be a new object each time; what counts is what it says.
   */
  readonly useAtomes: <Kind extends KindOf<Map> = KindOf<Map>>(
    query?: Query<Map, Kind>,
  ) => readonly AtomeOf<Map, Kind>[];
  /** The same, with its state: whether an empty result means that there is nothing, or that it is not here yet. */
  readonly useQuery: <Kind extends KindOf<Map> = KindOf<Map>>(query?: Query<Map, Kind>) => QueryState<Map, Kind>;
  /** The writes: the same object each time. They show at once, so that there is nothing to wait for. */
  readonly useMutation: () => Mutations<Map>;
}

/** What `AtomeProvider` takes. */
export interface AtomeProviderProps<Map> {
  /** Made, and closed, outside of rendering. */
  readonly client: Client<Map>;
  /** What may use the hooks. */
  readonly children?: ReactNode;
}

const Context = createContext<Client | null>(null);

/** What hydration begins with, on the server and in the browser alike. */
const NO_ATOMES: readonly never[] = [];
const UNKNOWN: Status = {
  storage: 'memory',
  state: 'connecting',
  pending: 0,
  rejected: 0,
  lastSeq: 0,
  clockSkewMs: null,
};

/** Gives a client to the hooks below it. */
export function AtomeProvider<Map>({ client, children }: AtomeProviderProps<Map>): ReactElement {
  return createElement(Context.Provider, { value: client as unknown as Client }, children);
}

/** See {@link Hooks.useAtomes}. */
export const useAtomes = ((query: Query = {}) => {
  const client = useClient();
  const key = JSON.stringify(query);
  // a query that is made and not listened to does nothing, so that a render may be thrown away
  const live = useMemo(() => {
    const made = client.watch(query);
    return { subscribe: (run: () => void) => made.subscribe(run), getSnapshot: () => made.getSnapshot() };
  }, [client, key]);
  return useSyncExternalStore(live.subscribe, live.getSnapshot, () => NO_ATOMES);
}) as Hooks['useAtomes'];

const LOADING: QueryState = { data: NO_ATOMES, state: 'loading', error: undefined };

/** See {@link Hooks.useQuery}. */
export const useQuery = ((query: Query = {}) => {
  const client = useClient();
  const key = JSON.stringify(query);
  const live = useMemo(() => queryState(client, query), [client, key]);
  return useSyncExternalStore(live.subscribe, live.getSnapshot, () => LOADING);
}) as Hooks['useQuery'];

/** See {@link Hooks.useAtome}. */
export const useAtome = ((id: string) => useAtomes({ ids: [id] })[0] ?? null) as Hooks['useAtome'];

/** See {@link Hooks.useMutation}. */
export const useMutation: Hooks['useMutation'] = () => useClient();

/** How it stands with the server: the same object until that changes. */
export function useSyncStatus(): Status {
  const client = useClient();
  const status = useMemo(() => {
    let shown = UNKNOWN;
    return {
      subscribe: (run: () => void) => client.on('sync:status', run),
      getSnapshot: () => {
        const now = client.status();
        if (JSON.stringify(now) !== JSON.stringify(shown)) shown = now;
        return shown;
      },
    };
  }, [client]);
  return useSyncExternalStore(status.subscribe, status.getSnapshot, () => UNKNOWN);
}

/** The same hooks, with types: `export const { useAtome, useAtomes, useMutation, useQuery } = typedHooks<{ note: Note }>()`. */
export function typedHooks<Map extends Kinds<Map>>(): Hooks<Map> {
  return { useAtome, useAtomes, useMutation, useQuery } as unknown as Hooks<Map>;
}

function useClient(): Client {
  const client = useContext(Context);
  if (!client) throw new Error('there is no client here: put <AtomeProvider client={…}> around this component');
  return client;
}
