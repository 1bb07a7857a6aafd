import { settingsOf } from '../core/options.js';
import { OnlineSession } from './session.js';
import { syncWebSocket } from './sync-websocket.js';
import { atomesOf } from './unified.js';
import { unifiedSync } from './unified-sync.js';
import type { SyncWebSocket as SyncWebSocketApi } from './sync-websocket.js';
import type { UnifiedAtome as UnifiedAtomeApi } from './unified-atome.js';
import type { UnifiedSync as UnifiedSyncApi } from './unified-sync.js';

let made: OnlineSession | undefined;

/**
 * The dealings of the default client with its server, which its three parts share. Making it does nothing but make it;
 * it looks for its server when it is first used. It and the parts are called as pure, so that a bundler leaves out
 * what nobody imports.
 */
function session(): OnlineSession {
  return (made ??= new OnlineSession(settingsOf({})));
}

export type SyncWebSocket = SyncWebSocketApi;
/** The reconnecting connection of the default client. */
export const SyncWebSocket: SyncWebSocketApi = /* @__PURE__ */ syncWebSocket(/* @__PURE__ */ session());

export type UnifiedSync = UnifiedSyncApi;
/** Live sync with callbacks, of the default client. */
export const UnifiedSync: UnifiedSyncApi = /* @__PURE__ */ unifiedSync(
  /* @__PURE__ */ syncWebSocket(/* @__PURE__ */ session()),
);

export type UnifiedAtome = UnifiedAtomeApi;
/** The shared objects, by the default client. */
export const UnifiedAtome: UnifiedAtomeApi = /* @__PURE__ */ atomesOf(/* @__PURE__ */ session());
