import type { Server } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/** So many turns of the event loop without anybody new: a connection is taken in one, and what was sent on it is read in another. */
const QUIET_TURNS = 4;

/**
 * Resolves once all have come in who connected and asked before: one connection is taken in a turn, and those that still wait when the
 * port closes are cut without an answer. Not later than after so many milliseconds, since others go on coming.
 */
export async function lateComers(server: Server, ms: number): Promise<void> {
  const until = performance.now() + ms;
  let quiet = 0;
  const note = (): void => void (quiet = 0);
  server.on('connection', note).on('request', note);
  while (quiet < QUIET_TURNS && performance.now() < until) {
    quiet += 1;
    await setImmediate();
  }
  server.off('connection', note).off('request', note);
}
