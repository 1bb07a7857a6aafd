import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';
import { createBody } from '../lib/event.js';
import { makeDurable, noteOf, sqlitePath, TABLE } from './store.js';

/* The limit without a server in front: groups of 64 rows, each a transaction, one after the other. */

const GROUP = 64;

/** @param {{ url: string, ms: number }} params */
export async function run({ url, ms }) {
  const insert = url.startsWith('sqlite:') ? intoFile(url) : await intoServer(url);
  let rows = 0;
  const beganMs = performance.now();
  while (performance.now() - beganMs < ms) {
    const notes = Array.from({ length: GROUP }, (_, index) => noteOf(JSON.parse(createBody(rows + index + 1))));
    await insert(notes);
    rows += GROUP;
  }
  return { rows, seconds: (performance.now() - beganMs) / 1_000 };
}

/** @typedef {import('./store.js').Note} Note */

/**
 * @param {string} url
 * @returns {(notes: readonly Note[]) => unknown}
 */
function intoFile(url) {
  const db = new BetterSqlite3(sqlitePath(url));
  makeDurable(db);
  db.exec(TABLE);
  const statement = db.prepare('INSERT INTO notes (id, kind, data, created_at) VALUES (?, ?, ?, ?)');
  return db.transaction((notes) => {
    for (const { id, kind, data, created_at } of notes) statement.run(id, kind, data, created_at);
  });
}

/**
 * @param {string} url
 * @returns {Promise<(notes: readonly Note[]) => unknown>}
 */
async function intoServer(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(TABLE);
  const text = `INSERT INTO notes (id, kind, data, created_at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])`;
  const column = (/** @type {readonly Note[]} */ notes, /** @type {keyof Note} */ name) =>
    notes.map((note) => note[name]);
  return (notes) =>
    client.query({
      name: 'insert',
      text,
      values: [column(notes, 'id'), column(notes, 'kind'), column(notes, 'data'), column(notes, 'created_at')],
    });
}
