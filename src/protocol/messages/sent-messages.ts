import type { AlterationBody } from '../alteration.js';
import type { AskedAccess } from '../access.js';
import type { Atome } from '../atome.js';
import type { Hlc } from '../hlc.js';
import type { JsonObject, JsonValue } from '../json.js';
import type { JsonPatch } from '../merge/json-patch.js';
import type { RestoreRequest } from '../operations.js';
import type { Where } from '../query/where.js';
import type { Auth, Cursor, Filter, Ping, Unsubscribe } from './client-messages.js';

/* What a client may send, as it stands in the frame: `parse/` makes a `ClientMessage` of it, or refuses it. */

/** Makes the connection a range reader, from a cursor on; takes the place of an earlier one. */
export interface SentSubscribe extends Cursor, Omit<Filter, 'where'> {
  readonly type: 'subscribe';
  /** Those of which it is true. */
  readonly where?: Where;
  /** Replay only the newest alteration of each atome. */
  readonly compact?: boolean;
  /** Tell writes to keys as `atome:delta`, without the atome, where their changes lead there from the version before. */
  readonly deltas?: boolean;
}

/** What every write may say. */
interface SentEnvelope {
  /** The client's name for this write: sent again under it, it is the same write. */
  readonly opId: string;
  /** Refuse with 409 unless the atome is at this version. */
  readonly baseVersion?: number | null;
  /** The client's stamp; without one the server stamps the write on arrival. */
  readonly hlc?: Hlc | null;
  /** Why; kept in the history. */
  readonly reason?: string | null;
}

/** What a `create` or a `replace` may say of an atome. */
interface SentContent {
  /** What sort of thing it is, such as `note`. */
  readonly kind?: string;
  /** The type of the atome: `type` tells the frames apart. */
  readonly atomeType?: string | null;
  /** The content. */
  readonly data?: JsonObject;
  /** What is said about the content. */
  readonly meta?: JsonObject;
  /** Id of the atome that it belongs to. */
  readonly parentId?: string | null;
}

interface ToOne {
  /** Which atome. */
  readonly atomeId: string;
}

/** What is written, told apart by `operation`. */
type SentChange =
  | ({
      readonly operation: 'create';
      /** Left out: the server makes one. */
      readonly atomeId?: string | null;
      /** Who may see and alter it. */
      readonly access?: AskedAccess;
    } & SentContent &
      Required<Pick<SentContent, 'kind' | 'data'>>)
  | (ToOne & { readonly operation: 'replace' } & SentContent)
  | (ToOne & { readonly operation: 'update'; readonly changes: JsonObject })
  | (ToOne & { readonly operation: 'patch'; readonly changes: JsonObject | JsonPatch })
  | (ToOne & { readonly operation: 'rename'; readonly changes: { readonly name: string } })
  | (ToOne & { readonly operation: 'tag'; readonly changes: { readonly tags: readonly string[] } })
  | (ToOne & { readonly operation: 'delete' })
  | (ToOne & { readonly operation: 'restore'; readonly changes: RestoreRequest })
  | (ToOne & { readonly operation: 'share'; readonly changes: { readonly access: AskedAccess } });

/** A write, as a push has it. */
export type SentWrite = SentEnvelope & SentChange;

/** A write; answered with `ack` or `nack`. */
export type SentMutate = { readonly type: 'mutate' } & SentWrite;

/** Tells the others who or where this connection is. */
export interface SentPresence {
  readonly type: 'presence';
  /** Any JSON; null, or left out, takes it back. */
  readonly state?: JsonValue;
}

/** A write in the form of an event, as the original client sends it; what else is in it is let through. */
export interface SentEvent {
  readonly type: 'atome:created' | 'atome:updated' | 'atome:altered' | 'atome:deleted';
  /** Which atome, where `atome` does not say it. */
  readonly atomeId?: string;
  /** The atome, or the parts of it that were set. */
  readonly atome?: Partial<Atome>;
  /** What was done, for `atome:altered`. */
  readonly alteration?: Partial<Pick<AlterationBody, 'hlc' | 'opId' | 'version' | 'reason'>> & {
    readonly operation: 'update' | 'patch' | 'rename' | 'tag' | 'restore';
    readonly changes?: JsonValue;
  };
  /** The client's name for the write. */
  readonly opId?: string | null;
}

/** A frame of a client; told apart by `type`. */
export type SentMessage = Ping | Auth | SentSubscribe | Unsubscribe | SentMutate | SentPresence | SentEvent;
