/** Most statements that are kept: those of the store are fewer; what callers compose of conditions has no end. */
const MAX_STATEMENTS = 256;

/** The prepared statements of one connection, by their text. */
export class StatementCache {
  /** @type {Map<string, import('better-sqlite3').Statement>} */
  #statements = new Map();

  /**
   * @param {import('better-sqlite3').Database} db
   * @param {string} sql
   * @returns {import('better-sqlite3').Statement}
   */
  prepare(db, sql) {
    let statement = this.#statements.get(sql);
    if (statement) return statement;
    // whatever the application has set for its own connection: our integers are small
    statement = db.prepare(sql).safeIntegers(false);
    this.#statements.set(sql, statement);
    // the oldest is the first; one that is wanted still is soon back, behind what nobody asks for any more
    if (this.#statements.size > MAX_STATEMENTS) this.#statements.delete(this.#statements.keys().next().value ?? '');
    return statement;
  }
}
