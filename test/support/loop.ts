/** Keeps the event loop busy, as work on much of anything does. */
export function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

/** Counts the turns of the event loop until it is stopped. */
export function countTurns(): { readonly turns: number; stop(): void } {
  const counted = { turns: 0, stop: (): void => void (isOver = true) };
  let isOver = false;
  const count = (): void => {
    counted.turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  return counted;
}

/** How often the event loop turned while something ran. */
export async function turnsWhile(running: Promise<unknown>): Promise<number> {
  const counted = countTurns();
  await running.finally(() => counted.stop());
  return counted.turns;
}
