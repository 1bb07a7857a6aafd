import type { ListQuery } from '../ledger/store.js';
import type { Atome, ClientOperation, JsonObject, JsonPatch, Mutation, Principal } from '../protocol/index.js';
import type { StandardSchema } from './standard-schema.js';

export type { StandardSchema } from './standard-schema.js';

/** A JSON Schema (2020-12), as one writes it in JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Makes `data` of one version of a schema that of the next. */
export type SchemaUpgrade = (data: JsonObject) => JsonObject;

/** What an application asks of the atomes of a kind, whichever way they are written. */
export interface KindOptions {
  /**
   * What `data` must be once a write has been merged: a JSON Schema (2020-12), or a Standard Schema that decides at once. What it
   * makes of a value is not kept: a schema judges.
   */
  readonly schema?: JsonSchema | StandardSchema;
  /** Keys of `data` that a new atome has where its creator names none, and their values. */
  readonly defaults?: JsonObject;
  /** Keys of `data` that only `SYSTEM` writes. */
  readonly readonly?: readonly string[];
  /** Keys of `data` that nobody changes once the atome is there. */
  readonly immutable?: readonly string[];
  /**
   * Fields of data, such as `data.dueAt`, by which lists of the kind find atomes and have them in order without looking through
   * all. The server makes their indexes behind its start, and takes them away when they are not named any more.
   */
  readonly indexed?: readonly string[];
  /**
   * How the schema has changed: the first makes `data` of version 1 that of version 2, and so on, from it alone and at once. The
   * server keeps the version of an atome as its `data.schemaVersion`; older atomes are read, and brought up, by them.
   */
  readonly upgrades?: readonly SchemaUpgrade[];
  /**
   * Asked before a write to an atome of the kind, or one that makes it of the kind, is decided; not about shares and erasures. It
   * changes nothing by itself: it may be asked again about the same write.
   */
  readonly beforeWrite?: BeforeWrite;
}

/**
 * What the application does with a write, within 10 seconds, with what it waits for: lets it pass, by returning nothing; changes it or adds to it, by
 * returning that; refuses it, by throwing an `AtomeError` or one of the HTTP exceptions of Nest. What else it throws is a fault, after
 * which the write may be repeated.
 */
export type BeforeWrite =
  | ((mutation: HookedWrite, context: WriteHookContext) => HookResult | undefined | Promise<HookResult | undefined>)
  | ((mutation: HookedWrite, context: WriteHookContext) => void)
  | ((mutation: HookedWrite, context: WriteHookContext) => Promise<void>);

/** A write as its hook sees it: a copy, with the defaults of the kind. */
export type HookedWrite = Pick<Mutation, 'operation' | 'changes' | 'atomeId' | 'opId' | 'reason'>;

/** Who writes, and what there is. */
export interface WriteHookContext {
  /** Who writes. */
  readonly principal: Principal;
  /** The atome that the write meets, deleted or not, as who writes may read it; null: none. Decided is about this very version. */
  readonly atome: Atome | null;
  /** Another atome, as who writes may read it. @throws AtomeError `not_found`, `gone` */
  readonly get: (id: string) => Promise<Atome>;
  /** Others, as who writes may read them. */
  readonly list: (query: ListQuery) => Promise<readonly Atome[]>;
}

/** What a hook makes of a write. */
export interface HookResult {
  /** In place of those of the write, for the same operation; it may write keys that are `readonly`, too. */
  readonly changes?: JsonObject | JsonPatch;
  /** Written with it, or not at all, in the name of who writes. Their own hooks are not asked. */
  readonly add?: readonly AddedWrite[];
}

/** A write that a hook adds. */
export interface AddedWrite {
  /** As in a `mutate`. */
  readonly operation: ClientOperation;
  /** Which atome; a `create` may leave it out. */
  readonly atomeId?: string;
  /** What else a `mutate` says: `changes`, or `kind` and `data` … */
  readonly [field: string]: unknown;
}

/** By kind. */
export type Kinds = Readonly<Record<string, KindOptions>>;
