import type { ErrorBody, ErrorCode } from '../errors.js';
import type { JsonObject, JsonValue } from '../json.js';
import type { Principal } from '../principal.js';
import type { AtomeDelta, AtomeEvent } from './events.js';

/* What goes down the wire: the union is `ServerMessage`. */

/** The first frame of a connection. */
export interface Welcome {
  readonly type: 'welcome';
  /** Name of this connection, for `X-Client-Id`. */
  readonly clientId: string;
  /** Time of the server, ISO 8601 in UTC. */
  readonly timestamp: string;
  /** The same. */
  readonly serverTime: string;
  /** Version of the contract. */
  readonly protocol: number;
  /** Whether `auth` must be the next message. */
  readonly authRequired: boolean;
  /** That `subscribe` may ask for deltas. */
  readonly deltas?: true;
  /** Connections of the tenant on this process; 0 before authentication. */
  readonly connectedClients: number;
  /** Epoch and head of the ledger, once the reader is known. */
  readonly epoch?: string;
  readonly seq?: number;
}

/** Answer to `auth`. */
export interface AuthSuccess {
  readonly type: 'auth:success';
  /** Name of this connection. */
  readonly clientId: string;
  /** Who the token says that it is. */
  readonly principal: Principal;
  /** When the token ends; null for never. */
  readonly expiresAt: string | null;
  /** Identity of the ledger. */
  readonly epoch: string;
  /** Head of the ledger. */
  readonly seq: number;
}

/** Answer to `subscribe`. */
export interface Subscribed {
  readonly type: 'subscribed';
  /** Identity of the ledger. */
  readonly epoch: string;
  /** The cursor that the reader starts at. */
  readonly from: number;
  /** Head of the ledger. */
  readonly head: number;
  /** What the reader may see by its token and the server's policies, as an opaque text to subscribe with again. */
  readonly rights?: string;
}

/** All the events that the reader may see with `from < seq ≤ to`. */
export interface RangeFrame {
  readonly type: 'events';
  /** Where the frame before it ended. */
  readonly from: number;
  /** The cursor after this frame. */
  readonly to: number;
  /** Chain hash at `to`. */
  readonly hash: string;
  /** In order of seq; empty where all was hidden. */
  readonly events: readonly (AtomeEvent | AtomeDelta)[];
}

/** The same to who has not asked for deltas. */
export interface WholeFrame extends RangeFrame {
  readonly events: readonly AtomeEvent[];
}

/** All that was there when `subscribe` was sent has been told. */
export interface SyncLive {
  readonly type: 'sync:live';
  /** The cursor by then. */
  readonly seq: number;
}

/** Why a cursor cannot be continued. */
export type ResetReason = 'epoch' | 'forked' | 'future' | 'compacted' | 'access';

/** The cursor cannot be continued; nothing more comes before the next `subscribe`. */
export interface SyncReset {
  readonly type: 'sync:reset';
  /** Why. */
  readonly reason: ResetReason;
  /** Identity of the ledger that there is. */
  readonly epoch: string;
  /** Its head. */
  readonly head: number;
}

/** A write is durable. */
export interface Ack {
  readonly type: 'ack';
  /** Which write. */
  readonly opId: string;
  /** Which atome. */
  readonly atomeId: string;
  /** Position in the ledger; of a no-op that of the current version. */
  readonly seq: number;
  /** Version of the atome after the write. */
  readonly version: number;
  /** Keys on which the write lost; there only when some did. */
  readonly superseded?: readonly string[];
  /** There for a repetition: the answer is that of the first time. */
  readonly duplicate?: true;
  /** From a server that follows another: where it is durable. `core`: that one has decided it, too; see `GET /api/sync/edge`. */
  readonly safe?: 'edge' | 'core';
}

/** A write was refused. */
export interface Nack {
  readonly type: 'nack';
  /** Which write. */
  readonly opId: string;
  /** Why. */
  readonly error: ErrorBody;
}

/** Another connection of the tenant has told who or where it is. */
export interface PresenceEvent {
  readonly type: 'presence';
  /** Which connection. */
  readonly clientId: string;
  /** Id of its principal. */
  readonly principal: string;
  /** null when the client has gone. */
  readonly state: JsonValue;
}

/** The server is going down; a close with 1012 follows. */
export interface Goaway {
  readonly type: 'goaway';
  /** Milliseconds to wait before connecting again. */
  readonly retryAfter: number;
}

/** Answer to `ping`. */
export interface Pong {
  readonly type: 'pong';
  /** Time of the server, ISO 8601 in UTC. */
  readonly timestamp: string;
}

/** Something went wrong that has no answer of its own. */
export interface ErrorMessage {
  readonly type: 'error';
  /** What to decide by. */
  readonly code: ErrorCode;
  /** A sentence for people. */
  readonly message: string;
  /** More about it, by code. */
  readonly details?: JsonObject;
}

/** A frame from the server; told apart by `type`. */
export type ServerMessage =
  | Welcome
  | AuthSuccess
  | Subscribed
  | RangeFrame
  | SyncLive
  | SyncReset
  | AtomeEvent
  | AtomeDelta
  | Ack
  | Nack
  | PresenceEvent
  | Goaway
  | Pong
  | ErrorMessage;

/** The same to who has not asked for deltas. */
export type WholeMessage = Exclude<ServerMessage, RangeFrame | AtomeDelta> | WholeFrame;
