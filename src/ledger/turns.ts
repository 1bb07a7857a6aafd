/** How long walks may keep the event loop between two turns of it, in milliseconds, all together. */
const SLICE_MS = 10;

/** Turns of the loop between two slices. In each it takes one new connection, so that those who have many hold up nobody's. */
const TURNS = 8;

/** Walks that wait for a slice; they go on one after the other. */
const waiting: (() => void)[] = [];
let sliceEnd = 0;

/**
 * To be awaited between the pages of every walk over a ledger, and before all that is large is decoded, folded or encoded.
 * On SQLite an answer may be there before the event loop has turned, so that a walk without it would stop everybody until
 * its end.
 */
export function turn(): Promise<void> | undefined {
  if (waiting.length === 0 && performance.now() < sliceEnd) return undefined;
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) rest(TURNS);
  });
}

/** In characters: to decode, fold or encode less is soon done. */
export const LARGE = 65_536;

/**
 * @returns a `turn` for what is of any size: one is taken after so much that it is {@link LARGE} together. Await what it
 * returns only: most rows of a page have none, and an await costs more than to look at them.
 */
export function turnBySize(): (chars: number) => Promise<void> | undefined {
  let sum = 0;
  return (chars) => {
    sum += chars;
    if (sum < LARGE) return undefined;
    sum = 0;
    return turn();
  };
}

function rest(turns: number): void {
  setImmediate(() => (turns > 1 ? rest(turns - 1) : begin()));
}

function begin(): void {
  sliceEnd = performance.now() + SLICE_MS;
  resumeNext();
}

/** What it does comes before the next immediate. */
function resumeNext(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(() => (performance.now() < sliceEnd ? resumeNext() : rest(TURNS)));
}
