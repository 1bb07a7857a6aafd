import type { Alteration, Atome, JsonValue, RedactedAlteration } from '../protocol/index.js';

/** What a write has come to. */
export interface WriteResult {
  /** Id of the atome. */
  readonly id: string;
  /** Version of the atome after the write; for a no-op the one that it has. */
  readonly version: number;
  /** Position in the ledger: of the new alteration, or of the one that the answer repeats. */
  readonly seq: number;
  /** The entity tag of `atome`, good for a later `ifMatch`. */
  readonly etag: string;
  /** The whole atome at that version. */
  readonly atome: Atome;
  /** null for a no-op. */
  readonly alteration: Alteration | RedactedAlteration | null;
}

/** What a rename has come to, with both names; null for none. */
export interface RenameResult extends WriteResult {
  /** `data.name` before. */
  readonly oldName: JsonValue;
  /** `data.name` after. */
  readonly newName: JsonValue;
}
