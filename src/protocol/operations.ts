import type { Access, AskedAccess, Audience, Rights } from './access.js';
import type { Atome, Content } from './atome.js';
import type { Hlc } from './hlc.js';
import type { JsonObject } from './json.js';
import type { JsonPatch } from './merge/json-patch.js';

/** `share` as it is asked for, and what `inherit` came to. */
export interface Share {
  readonly access: AskedAccess;
  readonly inherited?: Access;
}

/** What an atome that inherits comes to have when it moves to another parent. */
export type Inheriting = Pick<Rights, 'inherited'>;

/** `restore` as it is asked for: the version whose state is wanted. */
export interface RestoreRequest {
  readonly version: number;
}

/**
 * What stays of an atome whose payload is erased: where it stood, whose it was and since when, who may see it, and who
 * could ever see it where that is not everybody.
 */
export type Tombstone = Pick<Atome, 'kind' | 'type' | 'parentId' | 'ownerId' | 'createdAt' | 'access' | 'inherited'> & {
  readonly audience?: Audience;
};

/**
 * What each operation changes, as the ledger keeps it. A new operation starts here; the compiler then asks for its traits,
 * its assignments and its parsing. What goes by the name of an operation is listed in docs/architecture.md.
 */
export interface ChangesByOperation {
  /** With the access that was asked for, or that is usual for the kind. */
  readonly create: Content & Rights;
  /** Top-level keys of `data` to set; `null` is a value. */
  readonly update: JsonObject;
  /** Parts to set whole. */
  readonly replace: Partial<Content> & Inheriting;
  /** JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902) on `data`. */
  readonly patch: JsonObject | JsonPatch;
  readonly rename: { readonly name: string };
  readonly tag: { readonly tags: readonly string[] };
  readonly delete: Readonly<Record<string, never>>;
  /** The version asked for and its state, so that the row stands alone. */
  readonly restore: RestoreRequest & Content & Inheriting;
  /** Who may see and alter it; no other operation changes that. */
  readonly share: Share;
  /** The payloads of this atome and of all that was written to it are erased; only what it inherits may still change. */
  readonly redact: Tombstone;
}

/** What an alteration does; `redact` is the erasure, which has a call of its own. */
export type Operation = keyof ChangesByOperation;

/** Those that a client may ask for with a `mutate`. Erasing has a call of its own. */
export const OPERATIONS = [
  'create',
  'update',
  'replace',
  'patch',
  'rename',
  'tag',
  'delete',
  'restore',
  'share',
] as const satisfies readonly Operation[];

export type ClientOperation = (typeof OPERATIONS)[number];

/** Those that alter an atome key by key. */
export const KEY_OPERATIONS = ['update', 'patch', 'rename', 'tag'] as const satisfies readonly ClientOperation[];

export type KeyOperation = (typeof KEY_OPERATIONS)[number];

/** Those that a batch may ask for. */
export const BATCH_OPERATIONS = ['create', ...KEY_OPERATIONS, 'delete'] as const;

/** An operation with its changes, told apart by `operation`. */
export type Change = {
  [O in Operation]: {
    /** What it does. */
    readonly operation: O;
    /** What it does it with; its shape goes by the operation. */
    readonly changes: ChangesByOperation[O];
  };
}[Operation];

/** What is asked for: a {@link Change}, except that what is in the ledger already is not named again. */
export type RequestedChange =
  | Exclude<Change, { operation: 'restore' | 'redact' }>
  | { readonly operation: 'restore'; readonly changes: RestoreRequest }
  | { readonly operation: 'redact'; readonly changes: Readonly<Record<string, never>> };

interface MutationEnvelope {
  /** The client's name for this write; null where it gave none. */
  readonly opId: string | null;
  readonly atomeId: string;
  /** The id was made for this `create`: its repetition comes with another. */
  readonly freshId?: boolean;
  /** Refuse with 409 (412 for `If-Match`) unless the atome is at this version. */
  readonly baseVersion: number | null;
  /** The client's stamp; null: the server stamps the write on arrival. */
  readonly hlc: Hlc | null;
  readonly reason: string | null;
}

/** One write, parsed. */
export type Mutation = MutationEnvelope & RequestedChange;

/** One write with nothing left to look up: what {@link decide} takes. */
export type ReadyMutation = MutationEnvelope & Change;
