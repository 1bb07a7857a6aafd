import type { Alteration, RedactedAlteration } from '../../protocol/index.js';

/** Where a page of history begins, instead of its number. */
export interface HistoryCursor {
  readonly before: number;
}

/** One page of the history of an atome, also of a deleted one. */
export interface HistoryPage {
  /** Version that the atome has now. */
  readonly currentVersion: number;
  /** Newest first. */
  readonly alterations: readonly (Alteration | RedactedAlteration)[];
  /** The version before which the next page begins; undefined on the last page. */
  readonly next: number | undefined;
  /** Versions up to here are in archives; left out: none is. */
  readonly archivedTo?: number;
}
