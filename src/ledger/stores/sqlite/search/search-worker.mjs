/*
 * A thread that keeps the index of searches behind a SQLite database. In JavaScript, as the threads that read are, because
 * it is started by its file name.
 */
import { constants, setPriority } from 'node:os';
import { setTimeout as elapse } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { SearchFile } from './search-file.mjs';

/** @typedef {import('./search-follower.js').Task} Task */

/** For each millisecond of work so many of rest, while others write and while nobody does. */
const REST_BUSY = 9;
const REST = 1;

// on Linux that of the thread; elsewhere it would be that of the whole process
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW);
const file = new SearchFile(workerData.path, workerData.ledgerPath);
parentPort?.postMessage('ready');
let isEnding = false;
/** @type {Promise<void>} */
let done = Promise.resolve();

/** @param {string} tenant @param {boolean} isUrgent */
async function follow(tenant, isUrgent) {
  for (;;) {
    const begun = performance.now();
    const hasMore = file.follow(tenant);
    if (!hasMore || isEnding) return;
    const rest = file.isWrittenTo() ? REST_BUSY : REST;
    await elapse(isUrgent ? 0 : rest * (performance.now() - begun));
  }
}

/** @param {Task} task */
async function work({ id, least, scrub }) {
  try {
    for (const tenant of file.behind(least, scrub !== undefined)) {
      if (isEnding) break;
      await follow(tenant, scrub !== undefined);
    }
    if (scrub) file.scrub(scrub === 'whole');
    parentPort?.postMessage({ id });
  } catch (error) {
    const { message, code } = /** @type {Error & { code?: string }} */ (error);
    parentPort?.postMessage({ id, error: { message, code } });
  }
}

parentPort?.on('message', (/** @type {Task | null} */ task) => {
  if (task) {
    done = done.then(() => work(task));
    return;
  }
  isEnding = true;
  void done.then(() => {
    file.close();
    parentPort?.close();
  });
});
