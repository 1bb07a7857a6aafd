import type { TimerOptions } from 'node:timers';
import { setImmediate, setTimeout } from 'node:timers/promises';

/**
 * Waits so many milliseconds, and for a turn of the event loop. What goes on behind a promise of Node's timers comes before the
 * network: where it takes so long that others are due by then, those follow each other, and nobody is heard meanwhile.
 * @param options those of Node's timers.
 */
export async function elapse(ms: number, options?: TimerOptions): Promise<void> {
  await setTimeout(ms, undefined, options);
  // whether or not it keeps the process, it is not to wait for something else to come
  await setImmediate(undefined, { ...options, ref: true });
}
