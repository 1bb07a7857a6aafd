import { useCallback, useEffect, useState } from 'preact/hooks';

/** What is asked of the server: on its way, here, or refused. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  readonly again: () => void;
}

/** Asks when the key changes, and again each so many milliseconds, if any. What was here stays while it is asked anew. */
export function useLoad<T>(key: string, ask: () => Promise<T>, everyMs?: number): Loaded<T> {
  const [state, set] = useState<{ key: string; value?: T; error?: Error; isLoading: boolean }>({
    key,
    isLoading: true,
  });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  useEffect(() => {
    let isOver = false;
    set((before) => (before.key === key ? { ...before, isLoading: true } : { key, isLoading: true }));
    ask().then(
      (value) => !isOver && set({ key, value, isLoading: false }),
      (error: unknown) => !isOver && set((before) => ({ ...before, key, error: error as Error, isLoading: false })),
    );
    return () => void (isOver = true);
  }, [key, turn]);
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && again(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, again]);
  const { value, error, isLoading } =
    state.key === key ? state : { value: undefined, error: undefined, isLoading: true };
  return { value, error, isLoading, again };
}
