import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into a server process: measures how late its event loop is, on Linux without the time in which the system ran other
 * programs, for `Inspector` to read. It begins here because what a debugger has evaluated runs in the middle of whatever runs
 * just then, the timers of Node included: a timer that is set or cleared from there can leave an empty list of them behind
 * that Node never gets rid of, so that it looks through its timers for ever and answers nobody.
 */

/** How often the loop is looked at, in milliseconds. */
const LOOK_MS = 5;

function displacedMs() {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

if (isMainThread) {
  const delays = (globalThis.loopDelays = []);
  let last = performance.now();
  let displaced = displacedMs();
  setInterval(() => {
    const [now, by] = [performance.now(), displacedMs()];
    delays.push(now - last - (by - displaced));
    [last, displaced] = [now, by];
  }, LOOK_MS).unref();
}
