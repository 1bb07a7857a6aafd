import { backoffMs, type Backoff } from '../connection/backoff.js';
import { createTimer } from '../core/timer.js';
import type { Changes, Store } from '../storage/store.js';

/** When a store that has failed is tried again. */
const AGAIN: Backoff = { firstMs: 1_000, maxMs: 60_000, attempts: Infinity };

/** What a store has not been given since it failed, as opIds. */
export interface Missed {
  /** What has left outbox or inbox. */
  readonly gone: ReadonlySet<string>;
  /** What has joined them. */
  readonly come: ReadonlySet<string>;
}

/** Whom a reopening works for. */
export interface ReopeningPort {
  /** Opens the store and puts into it what it has missed. */
  readonly recover: (missed: Missed) => Promise<void>;
  /** Does this behind all commits, so that what comes meanwhile goes in behind it. */
  readonly enqueue: (work: () => Promise<void>) => void;
  /** The store has all again. */
  readonly back: () => void;
}

/** Tries a store that has failed again and again. */
export interface Reopening {
  /** These changes are not in it. */
  readonly miss: (changes: Changes) => void;
  readonly begin: () => void;
  readonly stop: () => void;
}

export function createReopening(store: Store, { recover, enqueue, back }: ReopeningPort): Reopening {
  const missed = { gone: new Set<string>(), come: new Set<string>() };
  const timer = createTimer();
  let attempts = 0;
  let stopped = false;

  function begin(): void {
    // other tabs have failed in the same moment, and open the same one
    timer.start(backoffMs(attempts++, AGAIN, (1 + Math.random()) / 2), () => enqueue(attempt));
  }

  async function attempt(): Promise<void> {
    // why it has failed was told when it did
    const isBack = await recover(missed).then(
      () => true,
      () => false,
    );
    if (stopped || !isBack) await store.close().catch(() => undefined);
    if (stopped) return;
    if (!isBack) return begin();
    missed.gone.clear();
    missed.come.clear();
    attempts = 0;
    back();
  }

  return {
    miss({ settle = [], append = [], dismiss = [], reject = [] }) {
      for (const opId of [...settle, ...dismiss]) missed.gone.add(opId);
      for (const { opId } of [...append, ...reject.map(({ operation }) => operation)]) missed.come.add(opId);
    },
    begin,
    stop() {
      stopped = true;
      timer.stop();
    },
  };
}
