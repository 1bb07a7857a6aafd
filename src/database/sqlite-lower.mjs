/**
 * Gives a connection a `lower` that folds what people and PostgreSQL fold: that of SQLite folds ASCII only. In JavaScript,
 * as the threads that read load it by its file.
 * @param {import('better-sqlite3').Database} db
 */
export function addLower(db) {
  db.function('lower', { deterministic: true }, (/** @type {unknown} */ text) =>
    typeof text === 'string' ? text.toLowerCase() : text,
  );
}
