import { backoffMs, type Backoff } from '../connection/backoff.js';
import { createTimer } from '../core/timer.js';
import type { Changes, Store } from '../storage/store.js';

/** When a store that has failed is tried again. */
const AGAIN: Backoff = { firstMs: 1_000, maxMs: 60_000, attempts: Infinity };

/** Whom a reopening works for. */
export interface ReopeningPort {
  /** Opens the store and puts what is in memory into it. @param gone opIds that have left since it failed. */
  readonly recover: (gone: ReadonlySet<string>) => Promise<void>;
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
  const gone = new Set<string>();
  const timer = createTimer();
  let attempts = 0;
  let stopped = false;

  function begin(): void {
    timer.start(backoffMs(attempts++, AGAIN, 1), () => enqueue(attempt));
  }

  async function attempt(): Promise<void> {
    // why it has failed was told when it did
    const isBack = await recover(gone).then(
      () => true,
      () => false,
    );
    if (stopped || !isBack) await store.close().catch(() => undefined);
    if (stopped) return;
    if (!isBack) return begin();
    gone.clear();
    attempts = 0;
    back();
  }

  return {
    miss({ settle = [], dismiss = [] }) {
      for (const opId of [...settle, ...dismiss]) gone.add(opId);
    },
    begin,
    stop() {
      stopped = true;
      timer.stop();
    },
  };
}
