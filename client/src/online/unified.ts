import type { Backoff } from '../connection/backoff.js';
import { settingsOf, type UnifiedOptions } from '../core/options.js';
import { Http } from './http.js';
import { OnlineSession } from './session.js';
import { syncWebSocket, type SyncWebSocket } from './sync-websocket.js';
import { unifiedAtome, type UnifiedAtome } from './unified-atome.js';
import { unifiedSync, type UnifiedSync } from './unified-sync.js';

/** How a write whose answer was lost is repeated. */
const REPEAT: Backoff = { firstMs: 300, maxMs: 5_000, attempts: 5 };

/** Three views of the same connection, listeners and token, which read and write on the server alone. */
export interface UnifiedClient {
  /** The reconnecting connection. */
  readonly SyncWebSocket: SyncWebSocket;
  /** Live sync with callbacks. */
  readonly UnifiedSync: UnifiedSync;
  /** The shared objects, over REST. */
  readonly UnifiedAtome: UnifiedAtome;
}

/**
 * Makes a client that shares nothing with any other. It opens no connection and sets no timer before it is used.
 * @throws SyncError `invalid` for a malformed URL.
 */
export function createUnified(options: UnifiedOptions = {}): UnifiedClient {
  const session = new OnlineSession(settingsOf(options), options.filter);
  const socket = syncWebSocket(session);
  return { SyncWebSocket: socket, UnifiedSync: unifiedSync(socket), UnifiedAtome: atomesOf(session, options) };
}

/** The shared objects, by the token and under the name of a session. */
export function atomesOf(session: OnlineSession, options: UnifiedOptions = {}): UnifiedAtome {
  return unifiedAtome(httpOf(session, options), session);
}

/** REST calls, as {@link atomesOf} makes them. */
export function httpOf(session: OnlineSession, options: UnifiedOptions): Http {
  const { random = Math.random, fetch, requestMs = 10_000 } = options;
  return new Http(
    { random, fetch, requestMs, repeat: REPEAT },
    {
      api: () => session.api(),
      renewable: () => session.renewable(),
      token: (renew) => session.token(renew),
      clientId: () => session.clientId,
    },
  );
}
