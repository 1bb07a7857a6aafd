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
  readonly kind: Kind;
  readonly type?: string | null | undefined;
  readonly data: Map[Kind];
  readonly meta?: JsonObject | undefined;
  readonly parentId?: string | null | undefined;
  readonly access?: Access | undefined;
}

/** Parts of an atome to set whole. */
export interface Replacement<Map, Kind extends KindOf<Map>> {
  readonly kind?: Kind | undefined;
  readonly type?: string | null | undefined;
  readonly data?: Map[Kind] | undefined;
  readonly meta?: JsonObject | undefined;
  readonly parentId?: string | null | undefined;
}
