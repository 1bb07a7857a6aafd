import type { Atome, Client } from '@atome-sync/client';
import { useEffect, useState } from 'preact/hooks';
import { atMostEvery } from './value.js';

type QueryOfSdk = NonNullable<Parameters<Client['list']>[0]>;

/** The result of a live query, and which one it is of. */
export interface Live {
  readonly atomes: readonly Atome[];
  /** False until the first result of this query. */
  readonly isRead: boolean;
}

/** How often a view is rendered at most, in milliseconds. */
const RENDER_MS = 80;

/** A live query of the SDK. @param key equal for equal queries. */
export function useQuery(client: Client, query: QueryOfSdk, key: string): Live {
  const [live, show] = useState<Live & { readonly key: string }>({ atomes: [], isRead: false, key });
  useEffect(() => {
    let newest: readonly Atome[] = [];
    const { call, stop } = atMostEvery(RENDER_MS, () => show({ atomes: newest, isRead: true, key }));
    const end = client.watch(query, (atomes) => {
      newest = atomes;
      call();
    });
    return () => {
      stop();
      end();
    };
    // the key says what the query is
  }, [client, key]);
  return live;
}
