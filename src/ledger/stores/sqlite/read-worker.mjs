/*
 * A thread that reads a SQLite database on a connection of its own. In JavaScript, because it is started by its file name,
 * from the sources (tests), from what they are compiled to, and beside the bundle.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

/** @typedef {{ sql: string, params: readonly (string | number | null)[], length?: string, bytes?: number }} Read */

const db = new Database(workerData.path, { readonly: true, fileMustExist: true });
// as on the connection that writes, see data-source.ts
db.function('lower', { deterministic: true }, (text) => (typeof text === 'string' ? text.toLowerCase() : text));

/** @type {Map<string, import('better-sqlite3').Statement>} */
const statements = new Map();

/** @param {string} sql */
function prepare(sql) {
  let statement = statements.get(sql);
  if (!statement) statements.set(sql, (statement = db.prepare(sql)));
  return statement;
}

/** @param {Read} read */
function rowsOf({ sql, params, length, bytes }) {
  const statement = prepare(sql);
  if (length === undefined || bytes === undefined) return statement.all(...params);
  const rows = [];
  let total = 0;
  // one by one: of large rows no more are touched than are wanted
  for (const row of statement.iterate(...params)) {
    rows.push(row);
    total += /** @type {Record<string, number>} */ (row)[length] ?? 0;
    if (total > bytes) break;
  }
  return rows;
}

parentPort?.on('message', (/** @type {Read | null} */ read) => {
  if (read === null) {
    db.close();
    parentPort?.close();
    return;
  }
  try {
    parentPort?.postMessage({ rows: rowsOf(read) });
  } catch (error) {
    const { name, message, code } = /** @type {Error & { code?: string }} */ (error);
    parentPort?.postMessage({ error: { name, message, code } });
  }
});
