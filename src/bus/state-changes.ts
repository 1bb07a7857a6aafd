/** The JSON text of a value under a key; null takes it back. */
export type StateEntry = readonly [key: string, text: string | null];

/** What a node tells of itself, each time under the next revision. */
export interface StateChange {
  readonly revision: number;
  /** The first, or the last, of those that tell all there is. */
  readonly whole?: 'first' | 'last' | 'both';
  readonly entries: readonly StateEntry[];
}

/** What an entry takes besides its texts, in bytes. */
const ENTRY_BYTES = 128;

/** What a node keeps of an entry, in memory. */
export function bytesOf(key: string, text: string | undefined): number {
  return text === undefined ? 0 : 2 * (key.length + text.length) + ENTRY_BYTES;
}
