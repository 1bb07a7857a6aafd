import { randomUUID } from 'node:crypto';
import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';

/* One row for each event, as durable as ours: SQLite in WAL mode with synchronous=FULL, PostgreSQL as it comes. */

export const TABLE = `CREATE TABLE notes (
  id varchar(36) PRIMARY KEY, kind varchar(64) NOT NULL, data text NOT NULL, created_at varchar(24) NOT NULL)`;
const INSERT = 'INSERT INTO notes (id, kind, data, created_at) VALUES';

/** @param {{ kind: string, data: object }} body */
export function noteOf({ kind, data }) {
  return { id: randomUUID(), kind, data: JSON.stringify(data), created_at: new Date().toISOString() };
}

/** @typedef {ReturnType<typeof noteOf>} Note */

/** @param {string} url as the bench names databases */
export function sqlitePath(url) {
  return url.replace(/^sqlite:/, '');
}

/** @param {import('better-sqlite3').Database} db */
export function makeDurable(db) {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
}

/**
 * One prepared INSERT for each note.
 * @param {string} url
 * @returns {Promise<(note: Note) => unknown>}
 */
export async function openStore(url) {
  if (url.startsWith('sqlite:')) {
    const db = new BetterSqlite3(sqlitePath(url));
    makeDurable(db);
    db.exec(TABLE);
    const insert = db.prepare(`${INSERT} (?, ?, ?, ?)`);
    return ({ id, kind, data, created_at }) => insert.run(id, kind, data, created_at);
  }
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  await pool.query(TABLE);
  return ({ id, kind, data, created_at }) =>
    pool.query({ name: 'insert', text: `${INSERT} ($1, $2, $3, $4)`, values: [id, kind, data, created_at] });
}
