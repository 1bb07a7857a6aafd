import type { Atome, AtomeEvent, ErrorBody, JsonObject, JsonValue } from '../../../src/protocol/index.js';
import type { Query } from '../query/query.js';

/*
 * Where a client keeps its copy: the confirmed atomes, the place in the ledger up to which they are right, and
 * the own writes that the server has not confirmed yet. What a store promises:
 *
 *  1. All or nothing. Everything in one call of `commit` becomes durable in ONE transaction: data, cursor and
 *     outbox never contradict each other, wherever a process dies. When it resolves, a crash takes nothing of it.
 *  2. In order. Calls of `commit` take effect in the order of the calls, also when they are not awaited.
 *  3. What goes in comes out, as JSON has it. Nobody changes an object that was handed in or out.
 *  4. Several instances on the same data (tabs) see each other's commits at their next read. A store that can
 *     tells of them through `observe`.
 *  5. Versions. Data written by an older version of the SDK is brought forward in `open`, in one transaction, by
 *     `FORMAT.migrations`. Data of a newer version, or damaged beyond reading, is set aside under another name,
 *     never destroyed, and the store begins empty.
 *  6. To each their own. `open(owner)` never opens what belongs to another owner: it takes what is theirs, else what
 *     nobody has claimed, else begins a new one beside. Which it is, `place.owner` says.
 *  7. Failing is loud. Every method rejects with what went wrong (no space, no permission) and changes nothing.
 *
 * `test/client/store.suite.ts` holds every store to this.
 */

/** One own write that waits for the server. Its fields are those of a `mutate`. */
export interface PendingWrite {
  /** Its name for the server. It begins with the local time of the write, so that names sort as the writes came. */
  readonly opId: string;
  /** What it does: `create`, `update`, `patch` … */
  readonly operation: string;
  /** To which atome. */
  readonly atomeId: string;
  /** What `update`, `patch`, `rename`, `tag`, `share` and `restore` change. */
  readonly changes?: JsonValue;
  /** Of a `create` or `replace`. */
  readonly kind?: string;
  /** The type, of a `create` or `replace`. */
  readonly atomeType?: string | null;
  /** Of a `create` or `replace`. */
  readonly data?: JsonObject;
  /** Of a `create` or `replace`. */
  readonly meta?: JsonObject;
  /** Of a `create` or `replace`; null for none. */
  readonly parentId?: string | null;
  /** Of a `create`. */
  readonly access?: JsonValue;
  /** Refuse unless the atome is at this version. */
  readonly baseVersion?: number;
  /** Why, for the history. */
  readonly reason?: string;
  /** Its stamp, where it must be the same on several servers. Default: made when it is first sent. */
  readonly hlc?: string;
  /** It belongs into another store, too, and may not have come there yet: until then it is neither shown nor sent. */
  readonly half?: true;
}

/** An own write that was refused for good, kept until the application retries or discards it. */
export interface RejectedWrite {
  /** The write, as it was sent. */
  readonly operation: PendingWrite;
  /** Why the server has refused it. */
  readonly error: ErrorBody;
  /** When, ISO 8601. */
  readonly rejectedAt: string;
}

/** Where the copy stands: one small record, replaced as a whole. */
export interface Checkpoint {
  /** Up to where the atomes are right; null before all was told once. */
  readonly cursor: StoredCursor | null;
  /** The subscription that the atomes were taken for, as JSON. For another one all has to be told anew. */
  readonly subscription: string;
  /** How far the local clock is ahead of the server's, in milliseconds; null while that is not known. */
  readonly skewMs: number | null;
  /** The newest stamp that was sent, below which none may follow. */
  readonly stamp: string | null;
  /** Up to where a first replay has told; `cursor` is null until it is whole. */
  readonly partial?: StoredCursor | undefined;
  /** Whose all of this is: a principal of a server. Data of older versions does not say. */
  readonly owner?: string;
}

/**
 * The former name of {@link Checkpoint}.
 * @deprecated
 */
export type Place = Checkpoint;

/** A place in a ledger, with what proves to the server that it is still the same ledger and the same rights. */
export interface StoredCursor {
  /** Which ledger. */
  readonly epoch: string;
  /** The number of the last alteration that is known. */
  readonly seq: number;
  /** The hash of the chain at `seq`. */
  readonly hash?: string;
  /** Opaque, from `subscribed`, sent back with the next `subscribe`. */
  readonly rights?: string;
}

/** What changes together. The fields take effect in this order. */
export interface Changes {
  /** Forget all atomes: those of `put` take their place. */
  readonly clear?: true;
  /** Atomes to keep, each in place of what was there under its id. */
  readonly put?: readonly Atome[];
  /** Ids of atomes to forget; unknown ones do not matter. */
  readonly remove?: readonly string[];
  /** opIds that leave the outbox; unknown ones do not matter. */
  readonly settle?: readonly string[];
  /** Writes that join the outbox; one whose opId is there takes its place. */
  readonly append?: readonly PendingWrite[];
  /** opIds that leave the inbox of rejected writes; unknown ones do not matter. */
  readonly dismiss?: readonly string[];
  /** Writes that join the inbox. */
  readonly reject?: readonly RejectedWrite[];
  /** The checkpoint that takes the place of the one before. */
  readonly place?: Checkpoint;
  /** What the listeners of the other instances hear of it. Told through `observe` in order and once, never kept. */
  readonly events?: readonly AtomeEvent[];
}

/** Everything but the atomes, which may be many. */
export interface Contents {
  /** null in a new store, or its owner alone. */
  readonly place: Partial<Checkpoint> | null;
  /** In the order of their opIds. */
  readonly outbox: readonly PendingWrite[];
  /** In the order of their opIds. */
  readonly rejected: readonly RejectedWrite[];
  /** Where data that could not be read now lies, for a sentence to the user. */
  readonly setAside?: string;
}

/** The port between the SDK and where it keeps its data. The promises are at the top of this file. */
export interface Store {
  /**
   * Makes ready, migrates, and reads all but the atomes. Called once, before anything else; again after `close`.
   * @param owner whose data to open. What is new is theirs from its first moment on.
   * @param claim what nobody has claimed becomes theirs before anything is read, in one step that only one can win.
   */
  open(owner?: string, claim?: boolean): Promise<Contents>;
  /** All atomes, page by page, in any order; as of some moment not before the call. */
  atomes(): AsyncIterable<readonly Atome[]>;
  /**
   * The result of a query over all atomes, without reading them all; undefined where it cannot be had so. A store may
   * learn from what it is asked. Not there where reading all takes no time.
   */
  select?(query: Query): Promise<readonly Atome[] | undefined>;
  /** Applies the changes one after the other, in one transaction. */
  commit(changes: readonly Changes[]): Promise<void>;
  /** Ends what `open` began, after the commits under way. May be called twice. */
  close(): Promise<void>;
  /**
   * Calls back one listener with what other instances on the same data have committed, in their order. Changes with
   * `clear` may stand for everything there is, read without own commits that are not done yet. Not there where there can
   * be no other. @param failed hears that nothing can be read or kept any more, before a call meets it. @returns what ends it.
   */
  observe?(listener: (changes: readonly Changes[]) => void, failed?: (error: Error) => void): () => void;
  /** False where what it keeps ends with the program. */
  readonly durable?: false;
  /** How the instances on the same data divide their work. Not there where there can be no other. */
  readonly tabs?: Tabs | undefined;
}

/** What several instances on the same data, such as the tabs of a browser, have between them. */
export interface Tabs {
  /**
   * Waits until no other instance leads, or the one that does is asleep; calls `granted` once `observe` has told all
   * that the one before committed, and `lost` when another one has taken over, because this one slept.
   * @returns what gives it up, or gives up waiting for it. A page that goes away gives it up by itself.
   */
  lead(granted: () => void, lost?: () => void): () => void;
  /** Sends a message to the other instances that are there now. Nothing is kept, nothing is confirmed. */
  tell(message: JsonValue): void;
  /** Calls back with the messages of the others. @returns what ends it. */
  hear(listener: (message: JsonValue) => void): () => void;
}

/** The tables of a store, as migrations name them. */
export interface Tables {
  /** By `id`. */
  readonly atomes: Atome;
  /** By `opId`. */
  readonly outbox: PendingWrite;
  /** By `operation.opId`. */
  readonly rejected: RejectedWrite;
  /** One record. */
  readonly place: Checkpoint;
}

/** From one version to the next: what becomes of each record. A table that is not named stays as it is. */
export type Migration = { readonly [Table in keyof Tables]?: (record: never) => unknown };

/** The version of what stores keep, and the way to it: `migrations[0]` leads from version 1 to 2. */
export interface Format {
  /** From 1 on. */
  readonly version: number;
  /** One for each version but the last. */
  readonly migrations: readonly Migration[];
}

/**
 * The format of this version of the SDK: of what is kept, and of what tabs tell each other, of which one may be of a former
 * build. Its version rises with each change of that which a former build would take wrong: that one then says `outdated`. Stores take it as a parameter, so that tests can bring another. With its first
 * migration, IndexedDB's `open-database` has to import what runs them as ever, because data is brought forward offline
 * too; until then that is a file of its own, which no page loads.
 */
export const FORMAT: Format = { version: 1, migrations: [] };
