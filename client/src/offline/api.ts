import type { ErrorBody, JsonObject, JsonPatch } from '../../../src/protocol/index.js';
import type { Listener, SyncEventName } from '../core/event-map.js';
import type { Access, AnyKinds, AtomeOf, KindOf, NewAtome, Replacement } from '../core/kinds.js';
import type { ServerOptions } from '../core/options.js';
import type { Difference, Query } from '../query/query.js';
import type { PendingWrite, RejectedWrite, Store } from '../storage/store.js';
import type { Who } from './owner.js';
import type { Subscription } from './subscription.js';
import type { Status } from './status.js';
import type { WriteOptions } from '../online/answers.js';

/** What `createClient` takes. */
export interface ClientOptions extends ServerOptions {
  /** Where the copy and the unsent writes are kept. Default: in memory, for as long as the client lives. */
  readonly store?: Store | undefined;
  /** Default: everything that the token may read. */
  readonly subscription?: Subscription | undefined;
  /**
   * Whose the token is, where it is no JWT with `sub` and `tenant`, or cannot be had offline: without knowing, nothing
   * is shown before the server has told.
   */
  readonly principal?: Who | undefined;
  /** The local clock, in epoch milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** A write that is kept in the store, and will be sent. */
export interface Written {
  /** A write that cannot be kept rejects instead. */
  readonly success: true;
  /** It has not been confirmed by the server yet. */
  readonly pending: true;
  /** Of the atome: the given one, else the one made here. */
  readonly id: string;
  /** Its name in `rejected()` and in events. */
  readonly opId: string;
  /**
   * The local store has failed: the write is in memory alone, shows, and is sent, but is lost if the client ends before
   * that. Not there where the write is kept as the store promises.
   */
  readonly durable?: false;
}

/** An own write that the server has not confirmed. */
export interface UnsentWrite {
  /** The write. */
  readonly operation: PendingWrite;
  /** Why the server has put it off, where this client was told: it is tried again by itself. */
  readonly error?: ErrorBody | undefined;
}

/** A query that stays true. It has the shape of a Svelte store; see the README for Vue, Solid and React. */
export interface LiveQuery<Map, Kind extends KindOf<Map>> {
  /** Calls back at once with what there is, and whenever that changes. @returns what ends it. */
  subscribe(run: QueryListener<Map, Kind>): () => void;
  /** The result as it is: the same array until it changes, empty until the store has been read. */
  getSnapshot(): readonly AtomeOf<Map, Kind>[];
  /** Each result; those that nobody has taken give way to newer ones. */
  [Symbol.asyncIterator](): AsyncIterator<readonly AtomeOf<Map, Kind>[], undefined>;
}

/** Gets a result and what is different in it from the one before. */
export type QueryListener<Map, Kind extends KindOf<Map>> = (
  atomes: readonly AtomeOf<Map, Kind>[],
  difference: Difference,
) => unknown;

/**
 * Shared objects, offline first: reads come from the local store, writes go into it and are sent when there is a
 * connection. What is read is what the server has confirmed, with the own pending writes on top.
 */
export interface Client<Map = AnyKinds> {
  /** Makes an atome. */
  create<Kind extends KindOf<Map>>(
    atome: NewAtome<Map, Kind>,
    options?: Pick<WriteOptions, 'reason'>,
  ): Promise<Written>;
  /** Sets the named top-level keys of `data` and leaves the others. */
  update<Kind extends KindOf<Map> = KindOf<Map>>(
    id: string,
    changes: Partial<Map[Kind]>,
    options?: WriteOptions,
  ): Promise<Written>;
  /** Sets the named parts whole. */
  replace<Kind extends KindOf<Map> = KindOf<Map>>(
    id: string,
    parts: Replacement<Map, Kind>,
    options?: WriteOptions,
  ): Promise<Written>;
  /** Changes `data` by JSON Merge Patch (RFC 7396), or JSON Patch (RFC 6902) when it is a list. */
  patch(id: string, changes: JsonObject | JsonPatch, options?: WriteOptions): Promise<Written>;
  /** Sets `data.name`. */
  rename(id: string, name: string, options?: WriteOptions): Promise<Written>;
  /** Sets `meta.tags`. */
  tag(id: string, tags: readonly string[], options?: WriteOptions): Promise<Written>;
  /** Sets who may read and write. */
  share(id: string, access: Access, options?: WriteOptions): Promise<Written>;
  /** Deletes softly: `restore` brings it back. */
  delete(id: string, options?: WriteOptions): Promise<Written>;
  /** Brings back the state of an earlier version, or a deleted atome. Shows once the server has confirmed it. */
  restore(id: string, version: number, options?: WriteOptions): Promise<Written>;

  /** One atome of the local store; null when it is not there or deleted. */
  get<Kind extends KindOf<Map> = KindOf<Map>>(id: string): Promise<AtomeOf<Map, Kind> | null>;
  /** Atomes of the local store. */
  list<Kind extends KindOf<Map> = KindOf<Map>>(query?: Query<Map, Kind>): Promise<readonly AtomeOf<Map, Kind>[]>;
  /** A query that stays true. */
  watch<Kind extends KindOf<Map> = KindOf<Map>>(query: Query<Map, Kind>): LiveQuery<Map, Kind>;
  /** Calls back with the result once the store has been read, and whenever it changes. @returns what ends it. */
  watch<Kind extends KindOf<Map> = KindOf<Map>>(
    query: Query<Map, Kind>,
    listener: QueryListener<Map, Kind>,
  ): () => void;

  /** Listens to one event, or with `*` to all. @returns what ends it. */
  on<Name extends SyncEventName | '*'>(event: Name, listener: Listener<Name>): () => void;
  /** How it stands with the server. */
  status(): Status;
  /** Resolves once the store holds a complete state: at once after a restart, else when all was told once. */
  ready(): Promise<void>;
  /** Resolves once no write waits any more: each is confirmed, or among the rejected. */
  flush(): Promise<void>;
  /** Resolves once everything up to a place in the ledger is here. */
  waitFor(seq: number): Promise<void>;

  /** The writes that the server has not confirmed, oldest first. */
  pending(): Promise<readonly UnsentWrite[]>;
  /** The writes that were refused for good, oldest first. */
  rejected(): Promise<readonly RejectedWrite[]>;
  /**
   * Sends a rejected write again under a new name, with what `edit` names in the place of what was refused. Behind a
   * `create` come the writes that were refused with it, because they need what it makes.
   * @throws SyncError `not_found` when there is none under that name.
   */
  retry(opId: string, edit?: Partial<Omit<PendingWrite, 'opId'>>): Promise<Written>;
  /** Forgets a rejected write, or a pending one: then it shows no longer and, unless it was sent already, is not sent. */
  discard(opId: string): Promise<void>;

  /** Ends the connection and closes the store. What was not sent is sent after the next start. */
  close(): Promise<void>;
}
