/**
 * Calls back when a device is likely to have its network again: it says so, or its user is back on the page; and when
 * it says that it has none. Does nothing where there is no page.
 * @returns what ends it.
 */
export function onWake(run: () => void, lost: () => void): () => void {
  const { document, addEventListener } = globalThis as { document?: Document; addEventListener?: unknown };
  if (!document || !addEventListener) return () => undefined;
  const bound = new AbortController();
  const { signal } = bound;
  for (const name of ['online', 'pageshow']) globalThis.addEventListener(name, run, { signal });
  globalThis.addEventListener('offline', lost, { signal });
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && run(), { signal });
  return () => bound.abort();
}
