import type { AtomeAltered, AtomeCreated, AtomeDeleted, AtomeUpdated } from '../../../src/protocol/index.js';
import type { Listener, SyncEventName, SyncEvents } from '../core/event-map.js';
import type { ConnectOptions, ConnectionState, SyncWebSocket } from './sync-websocket.js';

/** Callbacks of {@link UnifiedSync.connectRealtime}, and where to connect to. */
export interface RealtimeOptions extends ConnectOptions {
  /** Hears `atome:created`. */
  readonly onAtomeCreated?: ((event: AtomeCreated) => unknown) | undefined;
  /** Hears every change of an existing atome: `atome:updated` and `atome:altered`. */
  readonly onAtomeUpdated?: ((event: AtomeUpdated | AtomeAltered) => unknown) | undefined;
  /** Hears `atome:altered` alone. */
  readonly onAtomeAltered?: ((event: AtomeAltered) => unknown) | undefined;
  /** Hears `atome:deleted`. */
  readonly onAtomeDeleted?: ((event: AtomeDeleted) => unknown) | undefined;
  /** Hears `sync:connected`. */
  readonly onConnected?: ((event: SyncEvents['sync:connected']) => unknown) | undefined;
  /** Hears `sync:disconnected`. */
  readonly onDisconnected?: ((event: SyncEvents['sync:disconnected']) => unknown) | undefined;
  /** Hears `sync:error`. */
  readonly onError?: ((event: SyncEvents['sync:error']) => unknown) | undefined;
}

/** Live sync with callbacks: the short way to {@link SyncWebSocket}. */
export interface UnifiedSync {
  /**
   * Connects and stays connected. Called again, the new callbacks take the place of the old ones.
   * @returns true once live; false when the first attempt failed (it goes on trying, see `onError`).
   * @throws SyncError `invalid` for a malformed URL.
   */
  connectRealtime(options?: RealtimeOptions): Promise<boolean>;
  /** Ends the connection and forgets the callbacks of `connectRealtime`. */
  disconnectRealtime(): void;
  isRealtimeConnected(): boolean;
  getRealtimeState(): ConnectionState;
  /** Listens to one event, or with `*` to all. @returns what ends it. */
  on<Name extends SyncEventName | '*'>(event: Name, listener: Listener<Name>): () => void;
  /** Ends what `on` began with the same listener. */
  off<Name extends SyncEventName | '*'>(event: Name, listener: Listener<Name>): void;
}

const HEARS = {
  onAtomeCreated: ['atome:created'],
  onAtomeUpdated: ['atome:updated', 'atome:altered'],
  onAtomeAltered: ['atome:altered'],
  onAtomeDeleted: ['atome:deleted'],
  onConnected: ['sync:connected'],
  onDisconnected: ['sync:disconnected'],
  onError: ['sync:error'],
} as const satisfies Record<Exclude<keyof RealtimeOptions, keyof ConnectOptions>, readonly SyncEventName[]>;

export function unifiedSync(socket: SyncWebSocket): UnifiedSync {
  let bound: (() => void)[] = [];
  const unbind = (): void => bound.splice(0).forEach((off) => off());

  return {
    connectRealtime(options = {}) {
      unbind();
      bound = Object.entries(HEARS).flatMap(([name, events]) => {
        const callback = options[name as keyof typeof HEARS] as Listener<SyncEventName> | undefined;
        return callback ? events.map((event) => socket.on(event, callback)) : [];
      });
      return socket.connect(options);
    },
    disconnectRealtime() {
      socket.disconnect();
      unbind();
    },
    isRealtimeConnected: () => socket.isConnected(),
    getRealtimeState: () => socket.getState(),
    on: (event, listener) => socket.on(event, listener),
    off: (event, listener) => socket.off(event, listener),
  };
}
