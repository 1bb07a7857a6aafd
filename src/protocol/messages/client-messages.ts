import type { JsonValue } from '../json.js';
import type { Mutation } from '../operations.js';
import type { Condition } from '../query/condition.js';

/* What comes up the wire: the union is `ClientMessage`. */

/** Asks for a `pong`. */
export interface Ping {
  readonly type: 'ping';
}

/** Says who the connection is, or renews its token. */
export interface Auth {
  readonly type: 'auth';
  /** A JSON Web Token. */
  readonly token: string;
}

/** Which atomes a range reader asks for; what is not named is not restricted. */
export interface Filter {
  /** Any of these kinds; at most 1,000. */
  readonly kinds?: readonly string[];
  /** Any of these types; at most 1,000. */
  readonly types?: readonly string[];
  /** Any of these ids; at most 1,000. */
  readonly ids?: readonly string[];
  /** Those under this atome; null: those under none. */
  readonly parentId?: string | null;
  /** Those of which it is true. */
  readonly where?: Condition;
}

/** Where a reader continues. */
export interface Cursor {
  /** Identity of the ledger that the cursor is good for. */
  readonly epoch?: string;
  /** Without it: live from now. */
  readonly since?: number;
  /** The reader's last known chain hash, at `since`. */
  readonly hash?: string;
  /** `rights` of the last `subscribed`: where they have changed, what was missed is not in the changes. */
  readonly rights?: string;
}

/** Makes the connection a range reader, from a cursor on; takes the place of an earlier one. */
export interface Subscribe extends Cursor, Filter {
  readonly type: 'subscribe';
  /** Replay only the newest alteration of each atome. */
  readonly compact: boolean;
  /** Tell writes to keys as `atome:delta`, without the atome, where their changes lead there from the version before. */
  readonly deltas: boolean;
}

/** No more events. */
export interface Unsubscribe {
  readonly type: 'unsubscribe';
}

/** A write; answered with `ack` or `nack`. */
export interface Mutate {
  readonly type: 'mutate';
  /** The write, parsed. */
  readonly mutation: Mutation & { readonly opId: string };
}

/** Tells the others who or where this connection is. */
export interface PresenceUpdate {
  readonly type: 'presence';
  /** Any JSON; null takes it back. */
  readonly state: JsonValue;
}

/**
 * What the original client sends after its REST call: the event it expects others to get. It is a write
 * like any other, or the echo of one that is already in the ledger.
 */
export interface CompatWrite {
  readonly type: 'atome:created' | 'atome:updated' | 'atome:altered' | 'atome:deleted';
  /** The write that it comes to. */
  readonly mutation: Mutation;
  /** The version that the message says the atome has; null where it says none. */
  readonly version: number | null;
}

/** A client's frame, parsed. */
export type ClientMessage = Ping | Auth | Subscribe | Unsubscribe | Mutate | PresenceUpdate | CompatWrite;
