import type { JsonObject } from '../protocol/index.js';
import type { StandardSchema } from './standard-schema.js';

export type { StandardSchema } from './standard-schema.js';

/** A JSON Schema (2020-12), as one writes it in JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>;

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
}

/** By kind. */
export type Kinds = Readonly<Record<string, KindOptions>>;
