/**
 * What a statement reads; where its rows are measured, only up to the one with which their lengths add up to more than
 * `bytes`. Row by row then: of large rows no more are touched than are wanted.
 * @param {import('better-sqlite3').Statement} statement
 * @param {import('./read-pool.js').Read} read
 * @returns {unknown[]}
 */
export function rowsOf(statement, { params, length, bytes }) {
  if (length === undefined || bytes === undefined) return statement.all(...params);
  const rows = [];
  let total = 0;
  for (const row of statement.iterate(...params)) {
    rows.push(row);
    total += /** @type {Record<string, number>} */ (row)[length] ?? 0;
    if (total > bytes) break;
  }
  return rows;
}
