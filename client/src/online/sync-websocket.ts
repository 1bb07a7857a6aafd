import type { AlterationBody, Atome } from '../../../src/protocol/index.js';
import { removeListener } from '../core/emitter.js';
import type { Phase } from '../connection/state.js';
import type { Listener, SyncEventName } from '../core/event-map.js';
import type { Cursor, OnlineSession, Target } from './session.js';

/** Where to connect to, and as whom; what is not named stays as it was. */
export type ConnectOptions = Target;

/** What {@link SyncWebSocket.getState} tells. */
export interface ConnectionState {
  /** True while every change is heard. */
  readonly connected: boolean;
  /** The state of the connection in detail. */
  readonly phase: Phase;
  /** Of the WebSocket. */
  readonly url: string;
  /** The server's name for this connection; null when there is none. */
  readonly clientId: string | null;
  /** How often it has been tried again since the connection was last good. */
  readonly reconnectAttempts: number;
  /** Up to where everything has been heard; null before the first connection. */
  readonly cursor: Cursor | null;
}

/** An alteration as `broadcastAlter` sends it: what was done, and the values. */
export type BroadcastAlteration = Pick<AlterationBody, 'operation'> & Readonly<Record<string, unknown>>;

/** The reconnecting connection: it hears every change of others exactly once and in order. */
export interface SyncWebSocket {
  /**
   * Connects, and from then on stays connected by itself.
   * @returns true once live; false when the first attempt failed (it goes on trying, see `sync:error`).
   * @throws SyncError `invalid` for a malformed URL.
   */
  connect(options?: ConnectOptions): Promise<boolean>;
  /** Ends the connection; `connect()` later continues where this one stopped. */
  disconnect(): void;
  isConnected(): boolean;
  getState(): ConnectionState;
  /** Listens to one event. @returns what ends it. */
  on<Name extends SyncEventName | '*'>(event: Name, listener: Listener<Name>): () => void;
  /** Ends what `on` began with the same listener. */
  off<Name extends SyncEventName | '*'>(event: Name, listener: Listener<Name>): void;
  /** Listens to everything, as `{ type, ...payload }`. @returns what ends it. */
  onAll(listener: Listener<'*'>): () => void;
  /** Sends a message of the protocol. @returns false when not connected: nothing is kept for later. */
  send(message: object): boolean;
  /** Tells the server of an atome made elsewhere, which it keeps and passes on. @returns as {@link send}. */
  broadcastCreate(atome: Partial<Atome>): boolean;
  /** Tells the server of an atome's whole new state. @returns as {@link send}. */
  broadcastUpdate(atome: Partial<Atome>): boolean;
  /** Tells the server of one change of an atome. @returns as {@link send}. */
  broadcastAlter(atomeId: string, alteration: BroadcastAlteration, atome?: Partial<Atome>): boolean;
  /** Tells the server that an atome was deleted. @returns as {@link send}. */
  broadcastDelete(atomeId: string): boolean;
}

export function syncWebSocket(session: OnlineSession): SyncWebSocket {
  const { connection, events } = session;
  const broadcast = (type: `atome:${string}`, message: object): boolean =>
    session.send({ type, ...message, clientId: session.clientId, timestamp: new Date().toISOString() });
  return {
    connect: (options = {}) => session.connect(options),
    disconnect: () => session.disconnect(),
    isConnected: () => session.up,
    getState() {
      const { up, clientId, cursor } = session;
      const { state } = connection;
      return {
        connected: up,
        phase: state.phase,
        url: session.url(),
        clientId,
        reconnectAttempts: 'attempt' in state ? state.attempt : 0,
        cursor,
      };
    },
    on: (event, listener) => events.on(event, listener),
    off: (event, listener) => removeListener(events, event, listener),
    onAll: (listener) => events.on('*', listener),
    send: (message) => session.send(message),
    broadcastCreate: (atome) => broadcast('atome:created', { atome }),
    broadcastUpdate: (atome) => broadcast('atome:updated', { atome }),
    broadcastAlter: (atomeId, alteration, atome) => broadcast('atome:altered', { atomeId, alteration, atome }),
    broadcastDelete: (atomeId) => broadcast('atome:deleted', { atomeId }),
  };
}
