/*
 * A thread that reads a SQLite database on a connection of its own. In JavaScript, because it is started by its file name,
 * from the sources (tests), from what they are compiled to, and, with what it imports, beside the bundle.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { addLower } from '../../../database/sqlite-lower.mjs';
import { rowsOf } from './rows-of.mjs';
import { StatementCache } from './statement-cache.mjs';

/** @typedef {import('./read-pool.js').Read} Read */

const db = new Database(workerData.path, { readonly: true, fileMustExist: true });
addLower(db);
/** @type {import('better-sqlite3').Database | undefined} */
let index;

const statements = new StatementCache();
const searches = new StatementCache();

/** @param {Read} read */
function prepare({ sql, isSearch }) {
  return isSearch ? searches.prepare(indexOfSearches(), sql) : statements.prepare(db, sql);
}

function indexOfSearches() {
  return (index ??= new Database(workerData.searchPath, { readonly: true, fileMustExist: true }));
}

parentPort?.on('message', (/** @type {Read | null} */ read) => {
  if (read === null) {
    db.close();
    index?.close();
    parentPort?.close();
    return;
  }
  try {
    parentPort?.postMessage({ rows: rowsOf(prepare(read), read) });
  } catch (error) {
    const { name, message, code } = /** @type {Error & { code?: string }} */ (error);
    parentPort?.postMessage({ error: { name, message, code } });
  }
});
