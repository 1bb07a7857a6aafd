/*
 * A thread that removes from the files of a SQLite database what it has not any more, once. In JavaScript, as the threads
 * that read are, because it is started by its file name.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

/** A file that is rewritten in a fraction of a second: writes wait as long. */
const SMALL_BYTES = 32 * 1024 * 1024;
/** How long it waits for whoever writes or reads, and how long between two tries, in milliseconds. */
const PATIENCE_MS = 5_000;
const PAUSE_MS = 20;

// SQLite itself would wait for readers with the lock in its hands, and writes would wait for it
const db = new Database(workerData.path, { fileMustExist: true, timeout: 0 });
db.pragma('synchronous = FULL');
db.pragma('secure_delete = ON');

/** @param {string} name @returns {number} */
const pragma = (name) => /** @type {number} */ (db.pragma(name, { simple: true }));

/** Whoever reads keeps the log as it is until they have read to the end. */
function emptyLog() {
  const [state] = /** @type {{ busy: number }[]} */ (db.pragma('wal_checkpoint(TRUNCATE)'));
  if (state?.busy) throw Object.assign(new Error('the log is being read'), { code: 'SQLITE_BUSY' });
}

/** @param {() => void} work */
function patiently(work) {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  for (const end = performance.now() + PATIENCE_MS; ;) {
    try {
      work();
      return;
    } catch (error) {
      const { code } = /** @type {{ code?: string }} */ (error);
      if (!code?.startsWith('SQLITE_BUSY') || performance.now() > end) throw error;
    }
    Atomics.wait(nobody, 0, 0, PAUSE_MS);
  }
}

try {
  patiently(emptyLog);
  if (workerData.isWhole || pragma('page_count') * pragma('page_size') <= SMALL_BYTES) {
    patiently(() => db.exec('VACUUM'));
    patiently(emptyLog);
  }
  parentPort?.postMessage({});
} catch (error) {
  const { name, message, code } = /** @type {Error & { code?: string }} */ (error);
  parentPort?.postMessage({ error: { name, message, code } });
} finally {
  db.close();
}
