import type { Access } from './access.js';
import type { AtomeHeader } from './atome.js';

/** A header as the server judges it. Not on the wire. */
export type JudgedHeader = AtomeHeader & {
  /** What it inherits by now, while `inherited` has still to follow: only what both allow is allowed. */
  readonly inheritedNow?: Access;
};
