/** How long walks may keep the event loop between two turns of it, in milliseconds, all together. */
const SLICE_MS = 10;

/** Walks that wait for a slice; one goes on in each turn of the loop. */
const waiting: (() => void)[] = [];
let sliceEnd = 0;

/**
 * To be awaited between the pages of every walk over a ledger. On SQLite an answer is there before the event loop has
 * turned, so that a walk without it would stop everybody until its end.
 */
export function turn(): Promise<void> | undefined {
  if (waiting.length === 0 && performance.now() < sliceEnd) return undefined;
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(resumeNext);
  });
}

function resumeNext(): void {
  sliceEnd = performance.now() + SLICE_MS;
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(resumeNext);
}
