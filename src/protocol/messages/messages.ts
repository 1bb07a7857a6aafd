import type { Atome } from '../atome.js';
import type { AlterationBody } from '../alteration.js';
import type { Principal } from '../principal.js';
import type { ErrorBody, ErrorCode } from '../errors.js';
import type { JsonObject, JsonValue } from '../json.js';
import type { Mutation } from '../operations.js';

/* What goes over the wire. Two unions: `ServerMessage` (down) and `ClientMessage` (up). */

/** What every event tells about the alteration it stands for. */
interface EventBase {
  readonly seq: number;
  readonly timestamp: string;
  readonly sourceClient: string | null;
  readonly opId: string | null;
  /** Keys on which the write lost; there only when some did. */
  readonly superseded?: readonly string[];
}

export interface AtomeCreated extends EventBase {
  readonly type: 'atome:created';
  readonly atome: Atome;
}

export interface AtomeUpdated extends EventBase {
  readonly type: 'atome:updated';
  readonly atome: Atome;
}

export interface AtomeAltered extends EventBase {
  readonly type: 'atome:altered';
  readonly atomeId: string;
  readonly alteration: AlterationBody;
  readonly atome: Atome;
}

export interface AtomeDeleted extends EventBase {
  readonly type: 'atome:deleted';
  readonly atomeId: string;
  /** Its payload has been erased for good: nothing of it may be kept. */
  readonly redacted?: true;
}

/** An atome that the reader had is no longer among what it asked for, or may see. */
export interface AtomeLeft {
  readonly type: 'atome:left';
  readonly atomeId: string;
  readonly reason: 'filter' | 'access';
  readonly seq: number;
}

export type AtomeEvent = AtomeCreated | AtomeUpdated | AtomeAltered | AtomeDeleted | AtomeLeft;

export interface Welcome {
  readonly type: 'welcome';
  readonly clientId: string;
  readonly timestamp: string;
  readonly serverTime: string;
  readonly protocol: number;
  readonly authRequired: boolean;
  readonly connectedClients: number;
  /** Epoch and head of the ledger, once the reader is known. */
  readonly epoch?: string;
  readonly seq?: number;
}

export interface AuthSuccess {
  readonly type: 'auth:success';
  readonly clientId: string;
  readonly principal: Principal;
  /** When the token ends; null for never. */
  readonly expiresAt: string | null;
  readonly epoch: string;
  readonly seq: number;
}

export interface Subscribed {
  readonly type: 'subscribed';
  readonly epoch: string;
  readonly from: number;
  readonly head: number;
  /** What the reader may see by its token and the server's policies, as an opaque text to subscribe with again. */
  readonly rights?: string;
}

/** All the events that the reader may see with `from < seq ≤ to`. */
export interface RangeFrame {
  readonly type: 'events';
  readonly from: number;
  readonly to: number;
  /** Chain hash at `to`. */
  readonly hash: string;
  readonly events: readonly AtomeEvent[];
}

export interface SyncLive {
  readonly type: 'sync:live';
  readonly seq: number;
}

/** Why a cursor cannot be continued. */
export type ResetReason = 'epoch' | 'forked' | 'future' | 'compacted' | 'access';

export interface SyncReset {
  readonly type: 'sync:reset';
  readonly reason: ResetReason;
  readonly epoch: string;
  readonly head: number;
}

/** A write is durable. */
export interface Ack {
  readonly type: 'ack';
  readonly opId: string;
  readonly atomeId: string;
  readonly seq: number;
  readonly version: number;
  readonly superseded?: readonly string[];
  readonly duplicate?: true;
}

/** A write was refused. */
export interface Nack {
  readonly type: 'nack';
  readonly opId: string;
  readonly error: ErrorBody;
}

export interface PresenceEvent {
  readonly type: 'presence';
  readonly clientId: string;
  readonly principal: string;
  /** null when the client has gone. */
  readonly state: JsonValue;
}

export interface Goaway {
  readonly type: 'goaway';
  /** Milliseconds to wait before connecting again. */
  readonly retryAfter: number;
}

export interface Pong {
  readonly type: 'pong';
  readonly timestamp: string;
}

export interface ErrorMessage {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: JsonObject;
}

export type ServerMessage =
  | Welcome
  | AuthSuccess
  | Subscribed
  | RangeFrame
  | SyncLive
  | SyncReset
  | AtomeEvent
  | Ack
  | Nack
  | PresenceEvent
  | Goaway
  | Pong
  | ErrorMessage;

export interface Ping {
  readonly type: 'ping';
}

export interface Auth {
  readonly type: 'auth';
  readonly token: string;
}

/** Which atomes a range reader asks for; what is not named is not restricted. */
export interface Filter {
  readonly kinds?: readonly string[];
  readonly types?: readonly string[];
  readonly ids?: readonly string[];
  readonly parentId?: string | null;
}

/** Where a reader continues. */
export interface Cursor {
  readonly epoch?: string;
  /** Without it: live from now. */
  readonly since?: number;
  /** The reader's last known chain hash, at `since`. */
  readonly hash?: string;
  /** `rights` of the last `subscribed`: where they have changed, what was missed is not in the changes. */
  readonly rights?: string;
}

export interface Subscribe extends Cursor, Filter {
  readonly type: 'subscribe';
  /** Replay only the newest alteration of each atome. */
  readonly compact: boolean;
}

export interface Unsubscribe {
  readonly type: 'unsubscribe';
}

export interface Mutate {
  readonly type: 'mutate';
  readonly mutation: Mutation & { readonly opId: string };
}

export interface PresenceUpdate {
  readonly type: 'presence';
  readonly state: JsonValue;
}

/**
 * What the original client sends after its REST call: the event it expects others to get. It is a write
 * like any other, or the echo of one that is already in the ledger.
 */
export interface LegacyWrite {
  readonly type: 'atome:created' | 'atome:updated' | 'atome:altered' | 'atome:deleted';
  readonly mutation: Mutation;
  /** The version that the message says the atome has; null where it says none. */
  readonly version: number | null;
}

/** A client's frame, parsed. */
export type ClientMessage = Ping | Auth | Subscribe | Unsubscribe | Mutate | PresenceUpdate | LegacyWrite;
