import type { Atome, JsonObject } from '../../../src/protocol/index.js';

/** The shape of `data` for each kind of an application: `{ note: Note; task: Task }`. */
export type Kinds<Map> = { readonly [Kind in keyof Map]: object };

/** Any kind, any data: what a client without types of its own works with. */
export type AnyKinds = Record<string, JsonObject>;

/** The names of the kinds. */
export type KindOf<Map> = keyof Map & string;

/** An atome whose `data` has the shape of its kind; a union over the kinds where none is named. */
export type AtomeOf<Map, Kind extends KindOf<Map> = KindOf<Map>> = {
  [Name in Kind]: Omit<Atome, 'kind' | 'data'> & { readonly kind: Name; readonly data: Readonly<Map[Name]> };
}[Kind];

/** Who may read and write an atome besides its owner: everybody, nobody, these, or who may its parent. */
export type Access =
  'tenant' | 'private' | 'inherit' | { readonly read: readonly string[]; readonly write: readonly string[] };

/** What a new atome is made of. */
export interface NewAtome<Map, Kind extends KindOf<Map>> {
  /** Default: made here, in the order of creation. */
  readonly id?: string | undefined;
  /** What it is, such as `note`: 1 to 64 of `A-Z a-z 0-9 _ . : -`. */
  readonly kind: Kind;
  /** A finer sort within the kind; null for none. */
  readonly type?: string | null | undefined;
  /** The content, an object of JSON. */
  readonly data: Map[Kind];
  /** What is about the content, such as `tags`. Default: empty. */
  readonly meta?: JsonObject | undefined;
  /** The atome that it belongs to; null for none. */
  readonly parentId?: string | null | undefined;
  /** Who may read and write it besides its owner. Default: by its kind's policy, else the tenant. */
  readonly access?: Access | undefined;
}

/** Parts of an atome to set whole. */
export interface Replacement<Map, Kind extends KindOf<Map>> {
  /** The new kind. */
  readonly kind?: Kind | undefined;
  /** The new type; null for none. */
  readonly type?: string | null | undefined;
  /** The new content, whole. */
  readonly data?: Map[Kind] | undefined;
  /** The new `meta`, whole. */
  readonly meta?: JsonObject | undefined;
  /** The new parent; null for none. */
  readonly parentId?: string | null | undefined;
}
