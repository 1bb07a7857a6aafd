/** One alarm: setting it again cancels what was set, and it may be stopped at any time. */
export interface Timer {
  start(ms: number, run: () => void): void;
  readonly stop: () => void;
}

/** Makes an alarm that is not set. */
export function createTimer(): Timer {
  let handle: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => clearTimeout(handle);
  return {
    start(ms, run) {
      stop();
      handle = setTimeout(run, ms);
    },
    stop,
  };
}

/** What a promise comes to; undefined where it does not in so many milliseconds. */
export function inTime<T>(promise: Promise<T> | undefined, ms: number): Promise<T | undefined> {
  const timer = createTimer();
  const elapsed = new Promise<undefined>((resolve) => timer.start(ms, () => resolve(undefined)));
  return Promise.race([promise, elapsed]).finally(timer.stop);
}
