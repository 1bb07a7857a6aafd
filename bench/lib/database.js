import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';
import { startPostgres } from './postgres.js';

/** Files that are not committed: beside the code, because a temporary directory may be no disk at all. */
export const CACHE = fileURLToPath(new URL('../.cache/', import.meta.url));

/**
 * An empty database.
 * @typedef {object} Database
 * @property {string} url
 * @property {(table: Table) => Promise<number>} count  rows of a table
 * @property {() => Promise<void>} drop
 */

/** @typedef {'SQLite' | 'PostgreSQL'} Kind */

/** Ours, or that of the peers. @typedef {'alterations' | 'notes'} Table */

/** Where ours are. @type {Readonly<Record<Kind, string>>} */
const PLACES = { SQLite: 'atome_', PostgreSQL: 'atome.' };

/**
 * @param {Kind} kind
 * @param {Table} table
 */
const countOf = (kind, table) => `SELECT count(*) AS n FROM ${table === 'notes' ? '' : PLACES[kind]}${table}`;

/** @type {readonly Kind[]} */
export const KINDS = ['SQLite', 'PostgreSQL'];

/** @type {Promise<{ url: string, stop: () => Promise<void> }> | undefined} */
let postgres;

/**
 * @param {Kind} kind
 * @returns {Promise<Database>}
 */
export function createDatabase(kind) {
  return kind === 'SQLite' ? createFile() : createOnServer();
}

/** Ends the server that was started here, if any. */
export async function closeDatabases() {
  await (await postgres)?.stop();
  postgres = undefined;
}

/** @returns {Promise<Database>} */
async function createFile() {
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, 'run-'));
  const path = join(directory, 'bench.sqlite');
  return {
    url: `sqlite:${path}`,
    count: async (table) => {
      const db = new BetterSqlite3(path, { readonly: true });
      try {
        return /** @type {{ n: number }} */ (db.prepare(countOf('SQLite', table)).get()).n;
      } finally {
        db.close();
      }
    },
    drop: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

/**
 * On the server that BENCH_POSTGRES_URL names, else on one of our own.
 * @returns {Promise<Database>}
 */
async function createOnServer() {
  const given = process.env.BENCH_POSTGRES_URL;
  if (!given) postgres ??= startPostgres();
  const server = given ?? /** @type {{ url: string }} */ (await postgres).url;
  const name = `atome_bench_${randomUUID().replaceAll('-', '')}`;
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  await query(server, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
  return {
    url,
    count: async (table) => Number((await query(url, countOf('PostgreSQL', table)))[0].n),
    drop: async () => void (await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

/**
 * @param {string} url
 * @param {string} sql
 */
async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
