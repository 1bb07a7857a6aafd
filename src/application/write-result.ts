import type { Alteration, Atome, JsonValue, RedactedAlteration } from '../protocol/index.js';

/** What a write has come to. */
export interface WriteResult {
  readonly id: string;
  readonly version: number;
  readonly seq: number;
  /** The entity tag of `atome`, good for a later `ifMatch`. */
  readonly etag: string;
  readonly atome: Atome;
  /** null for a no-op. */
  readonly alteration: Alteration | RedactedAlteration | null;
}

/** What a rename has come to. */
export interface RenameResult extends WriteResult {
  readonly oldName: JsonValue;
  readonly newName: JsonValue;
}
