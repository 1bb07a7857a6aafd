import { channel } from 'node:diagnostics_channel';
import type { AtomeError, ErrorCode, ResetReason } from '../protocol/index.js';
import type { Outcome } from './outcome.js';

/*
 * What happens where it matters how long a step takes, for those who measure. As long as nobody does, `hasSubscribers` is all
 * that it costs: nothing is made to be told.
 */

/** A group of writes that has been decided. */
export interface GroupSignal {
  /** What came of each; empty where none could be decided. */
  readonly outcomes: readonly (Outcome | AtomeError)[];
  /** How many were in it. */
  readonly size: number;
  /** How long the first of them waited for it, in milliseconds. */
  readonly waitedMs: number;
  readonly tookMs: number;
  /** How many alterations it has added. */
  readonly committed: number;
}

/** {@link GroupSignal} */
export const GROUPS = channel('atome-sync:group');

/** A call, message or write that is refused, with its code. */
export interface RefusalSignal {
  readonly entryPoint: 'rest' | 'socket';
  readonly code: ErrorCode;
}

/** {@link RefusalSignal} */
export const REFUSALS = channel('atome-sync:refusal');

/** Bytes, as they are given to a reader's connection. */
export const DELIVERIES = channel('atome-sync:delivery');

/** A reader that cannot go on where it was. */
export interface ResetSignal {
  readonly reason: ResetReason;
}

/** {@link ResetSignal} */
export const RESETS = channel('atome-sync:reset');
