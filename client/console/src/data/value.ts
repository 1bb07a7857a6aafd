import { useEffect, useState } from 'preact/hooks';

/** Something that changes, and tells so. */
export interface Value<T> {
  readonly get: () => T;
  readonly set: (next: T) => void;
  /** @returns what ends it. */
  readonly listen: (run: () => void) => () => void;
}

/** Makes a value. Who listens is called at once when it is another. */
export function createValue<T>(first: T): Value<T> {
  let now = first;
  const listeners = new Set<() => void>();
  return {
    get: () => now,
    set(next) {
      if (Object.is(next, now)) return;
      now = next;
      listeners.forEach((run) => run());
    },
    listen(run) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
  };
}

/** A value as it is; the component renders again when it changes. */
export function useValue<T>({ get, listen }: Pick<Value<T>, 'get' | 'listen'>): T {
  const [shown, show] = useState(get);
  useEffect(() => {
    const look = (): void => show(() => get());
    look();
    return listen(look);
  }, [get, listen]);
  return shown;
}

/** Calls at once, then at most so often: under many changes a second nobody sees each of them. */
export function atMostEvery(ms: number, run: () => void): { readonly call: () => void; readonly stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWanted = false;
  const call = (): void => {
    if (timer) {
      isWanted = true;
      return;
    }
    timer = setTimeout(() => {
      timer = undefined;
      if (isWanted) call();
    }, ms);
    isWanted = false;
    run();
  };
  return { call, stop: () => clearTimeout(timer) };
}

/** The time, anew each so many milliseconds. */
export function useNow(ms: number): number {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}
