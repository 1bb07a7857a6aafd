import type {
  Ack,
  AlterationBody,
  AtomeAltered,
  AtomeCreated,
  AtomeDeleted,
  AtomeLeft,
  AtomeUpdated,
  ErrorBody,
  PresenceEvent,
  ResetReason,
} from '../../../src/protocol/index.js';
import type { Status } from '../offline/status.js';

/** A message of the server for which there is no event of its own. */
export interface OtherMessage {
  /** Its type on the wire. */
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What `on()` can listen to, and what its listeners get. */
export interface SyncEvents {
  /** Live: every change from here on is heard. */
  'sync:connected': { readonly clientId: string; readonly serverTime: string };
  /** The connection has ended; it is made again by itself. `code` is a close code of the protocol, 1006 for a cut line. */
  'sync:disconnected': { readonly code: number; readonly reason: string };
  /** Something went wrong: mostly a {@link SyncError}, with a code to switch over. */
  'sync:error': { readonly error: Error };
  /** The changes that were missed have all been heard. */
  'sync:live': { readonly seq: number };
  /** What was missed cannot be told any more: read again what is shown. */
  'sync:reset': { readonly reason: ResetReason; readonly epoch: string; readonly head: number };
  /** An own write lost on these keys against a newer one. */
  'sync:conflict': {
    readonly atomeId: string;
    readonly superseded: readonly string[];
    readonly alteration: AlterationBody | null;
  };
  /** An own write was refused for good. */
  'sync:rejected': { readonly operation: RejectedOperation; readonly error: ErrorBody };
  /** How many own writes wait for their answer. */
  'sync:pending': { readonly count: number };
  /** How it stands with the server has changed. Of `createClient` alone. */
  'sync:status': Status;
  /** Anything else that the server said, such as `ack` and `presence`. */
  'sync:message': OtherMessage;
  /** Somebody else has made an atome. */
  'atome:created': AtomeCreated;
  /** Somebody else has set an atome whole, or brought it back. */
  'atome:updated': AtomeUpdated;
  /** Somebody else has changed an atome; `alteration` says what. */
  'atome:altered': AtomeAltered;
  /** Somebody else has deleted an atome. */
  'atome:deleted': AtomeDeleted;
  /** An atome is no longer among what one asked for, or may see. */
  'atome:left': AtomeLeft;
}

/** The write that was refused, as it was sent. */
export interface RejectedOperation {
  /** Its name. */
  readonly opId: string;
  readonly [field: string]: unknown;
}

/** The names that `on()` takes, besides `*`. */
export type SyncEventName = keyof SyncEvents;

/**
 * What a listener of `*` gets: the payload with the name of its event. The messages of `sync:message` come under
 * their own type, which may also be one that this version does not know.
 */
export type AnyEvent =
  | {
      [Name in Exclude<SyncEventName, 'sync:message'>]: { readonly type: Name } & Omit<SyncEvents[Name], 'type'>;
    }[Exclude<SyncEventName, 'sync:message'>]
  | Ack
  | PresenceEvent;

/** What the listeners of one event, or of all, are called with. */
export type Payload<Name extends SyncEventName | '*'> = Name extends SyncEventName ? SyncEvents[Name] : AnyEvent;

/** A callback for one event; what it throws is reported as `sync:error` and stops nobody else. */
export type Listener<Name extends SyncEventName | '*'> = (payload: Payload<Name>) => unknown;
