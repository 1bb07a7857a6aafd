import { toError } from '../core/errors.js';
import { createTimer } from '../core/timer.js';
import type * as second from './deferred.js';

/** What comes in the second file. */
export type Deferred = typeof second;

/** When a file that did not come is asked for again; not by what the second file has for that. */
const [FIRST_MS, MAX_MS] = [2_000, 60_000];

/** The second file, on its way since the first moment. */
export interface Loading {
  /** Never rejects: where the file does not come, it is asked for again and again. */
  readonly deferred: Promise<Deferred>;
  /** Asks no more. */
  readonly stop: () => void;
}

/** @param failed is told each time that it has not come, and when it is asked for again, in epoch milliseconds. */
export function loadDeferred(
  failed: (error: Error, nextAttemptAt: number) => void,
  load = (): Promise<Deferred> => import('./deferred.js'),
): Loading {
  const timer = createTimer();
  let stopped = false;
  const deferred = new Promise<Deferred>((resolve) => {
    const attempt = (count: number): void =>
      void load().then(resolve, (thrown: unknown) => {
        if (stopped) return;
        const delayMs = Math.ceil((Math.min(MAX_MS, FIRST_MS * 2 ** count) * (1 + Math.random())) / 2);
        timer.start(delayMs, () => attempt(count + 1));
        failed(toError(thrown), Date.now() + delayMs);
      });
    attempt(0);
  });
  return {
    deferred,
    stop() {
      stopped = true;
      timer.stop();
    },
  };
}
