import type { Ack, Nack } from '../../../src/protocol/index.js';
import { apiUrl } from '../core/api-url.js';
import type { ClientOptions } from './api.js';

/** Hands many writes over in one request. @returns the answer to each; rejects where there are none, for whatever reason. */
export type Push = (writes: readonly object[], signal: AbortSignal) => Promise<readonly (Ack | Nack)[]>;

/** As whom the server knows our connection. */
export interface Caller {
  /** The name of the connection: what comes of these writes is its own. */
  readonly clientId: string;
  /** Left out where the server has not asked for one. */
  readonly token?: string | undefined;
}

const JSON_TYPE = 'application/json';

/** @param socket URL of the WebSocket. */
export function createPush({ url }: Pick<ClientOptions, 'url'>, socket: string, caller: () => Caller): Push {
  let address: string | undefined;

  return async (operations, signal) => {
    const { clientId, token } = caller();
    // a cookie may be of another user by now
    const request: RequestInit = { credentials: 'omit', signal };
    try {
      address ??= await addressOf(apiUrl(url), socket, request, token);
      const response = await fetch(address, {
        ...request,
        method: 'POST',
        headers: {
          accept: JSON_TYPE,
          'content-type': JSON_TYPE,
          'x-client-id': clientId,
          ...(token && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ operations }),
      });
      const { results } = (await response.json()) as { readonly results?: readonly (Ack | Nack)[] };
      if (results?.length === operations.length) return results;
      throw new Error(`a push was answered with ${response.status}`);
    } catch (thrown) {
      address = undefined;
      throw thrown;
    }
  };
}

interface ServerInfo {
  readonly name?: string;
  readonly wsPath?: string;
  readonly authRequired?: boolean;
}

/** Where the server takes pushes, by its own word: at the address may be another one, which is told nothing. */
async function addressOf(api: string, socket: string, request: RequestInit, token?: string): Promise<string> {
  const response = await fetch(`${api}/server-info`, { ...request, headers: { accept: JSON_TYPE } });
  const { name, wsPath, authRequired } = (await response.json()) as ServerInfo;
  // it knows our connection by something else, which a push does not have: it might take us for somebody else
  if (authRequired && !token) throw new Error("a push would be in nobody's name");
  const { origin, href } = new URL('sync/push', response.url);
  const isIt = name === 'atome-sync' && wsPath && new URL(socket).pathname.endsWith(wsPath);
  if (!isIt || origin !== new URL(api).origin) throw new Error(`${api} is not that of ${socket}`);
  return href;
}
