import type { Ack, Nack } from '../../../src/protocol/index.js';
import { apiUrl } from '../core/api-url.js';
import type { ClientOptions } from './api.js';

/** Hands many writes over in one request. @returns the answer to each; rejects where there are none, for whatever reason. */
export type Push = (writes: readonly object[], signal: AbortSignal) => Promise<readonly (Ack | Nack)[]>;

/** As whom the server knows our connection. */
export interface Caller {
  /** The name of the connection: what comes of these writes is its own. */
  clientId: string;
  /** Left out where the server has not asked for one. */
  token?: string | undefined;
}

/** @param socket URL of the WebSocket. */
export function createPush({ url }: Pick<ClientOptions, 'url'>, socket: string, caller: Readonly<Caller>): Push {
  let address: string | undefined;

  return async (operations, signal) => {
    const { clientId, token } = caller;
    // a cookie may be of another user by now
    const request: RequestInit = { credentials: 'omit', signal };
    const at = address ?? (await addressOf(apiUrl(url), socket, request, token));
    // asked for again where nothing comes of this
    address = undefined;
    const response = await fetch(at, {
      ...request,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-client-id': clientId,
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ operations }),
    });
    const { results } = (await response.json()) as { readonly results?: readonly (Ack | Nack)[] };
    if (results?.length !== operations.length) throw new Error();
    address = at;
    return results;
  };
}

interface ServerInfo {
  readonly name?: string;
  readonly wsPath?: string;
  readonly authRequired?: boolean;
}

/** Where the server takes pushes, by its own word: at the address may be another one, which is told nothing. */
async function addressOf(api: string, socket: string, request: RequestInit, token?: string): Promise<string> {
  const response = await fetch(`${api}/server-info`, { ...request, headers: { accept: 'application/json' } });
  const { name, wsPath, authRequired } = (await response.json()) as ServerInfo;
  const { origin, href } = new URL('sync/push', response.url);
  const isIt = name === 'atome-sync' && wsPath && new URL(socket).pathname.endsWith(wsPath);
  // else it knows our connection by something that a push does not have, and might take us for somebody else
  const knowsUs = !authRequired || token;
  if (!isIt || !knowsUs || origin !== new URL(api).origin) throw new Error();
  return href;
}
