import { backoffMs, type Backoff } from '../connection/backoff.js';
import { createTimer } from '../core/timer.js';
import type { Changes, Checkpoint, Store } from '../storage/store.js';
import { missedOf } from './missed.js';
import { recover, type Held } from './recovery.js';
import type { rubbishOf } from './rubbish.js';

/** When a store that has failed is tried again. */
const AGAIN: Backoff = { firstMs: 1_000, maxMs: 60_000, attempts: Infinity };

/** Whom a reopening works for. */
export interface ReopeningPort {
  readonly held: () => Held;
  /** Does this behind all commits, so that what comes meanwhile goes in behind it. */
  readonly enqueue: (work: () => Promise<void>) => void;
  /** The store has all again. @param checkpoint where its own goes on. */
  readonly back: (checkpoint: Checkpoint | undefined) => void;
}

/** Tries a store that has failed again and again. */
export interface Reopening {
  readonly begin: () => void;
  readonly stop: () => void;
}

/** What mends a store, which comes in the second file. */
export type Mending = Promise<{
  readonly createReopening: typeof createReopening;
  readonly rubbishOf: typeof rubbishOf;
}>;

/** @param missed what the store has not been given since it failed. */
export function createReopening(store: Store, missed: Changes[], { held, enqueue, back }: ReopeningPort): Reopening {
  const timer = createTimer();
  let attempts = 0;
  let stopped = false;

  function begin(): void {
    // other tabs have failed in the same moment, and open the same one
    timer.start(backoffMs(attempts++, AGAIN, (1 + Math.random()) / 2), () => enqueue(attempt));
  }

  async function attempt(): Promise<void> {
    try {
      const checkpoint = await recover(store, held(), () => missedOf(missed));
      if (!stopped) {
        missed.length = 0;
        attempts = 0;
        return back(checkpoint);
      }
    } catch {
      // why it has failed was told when it did
    }
    await store.close().catch(() => undefined);
    if (!stopped) begin();
  }

  return {
    begin,
    stop() {
      stopped = true;
      timer.stop();
    },
  };
}
