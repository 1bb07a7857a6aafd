import { PREFIX } from '../../../src/database/tables.js';
import type { SqlStore } from '../../../src/ledger/stores/sql.store.js';

/** What a run writes to. */
const TABLES = ['ledgers', 'alterations', 'atomes', 'receipts', 'propagations'];

type Tables = Pick<SqlStore, 'transact' | 'rows'>;

/** Has a place for copies made, once for each database. */
export async function prepareCopies(store: Tables): Promise<void> {
  const make = (table: string) =>
    [`CREATE TEMP TABLE kept_${table} AS SELECT * FROM ${PREFIX}${table} WHERE false`] as const;
  await store.transact(...TABLES.map(make));
}

/** Takes away all that a run has written. */
export async function empty(store: Tables): Promise<void> {
  await store.transact(...TABLES.map((table) => [`DELETE FROM ${PREFIX}${table}`] as const));
}

/** Keeps a copy of all that is there, in the place of the one before. @returns how many alterations are in it. */
export async function keepCopy(store: Tables): Promise<number> {
  await copy(store, (table) => [`kept_${table}`, PREFIX + table]);
  const [row] = await store.rows('SELECT count(*) AS count FROM kept_alterations');
  return (row as { count: number }).count;
}

/** Puts the copy in the place of all that is there. */
export async function putBackCopy(store: Tables): Promise<void> {
  await copy(store, (table) => [PREFIX + table, `kept_${table}`]);
}

async function copy(store: Tables, way: (table: string) => readonly [to: string, from: string]): Promise<void> {
  const statements = TABLES.map(way).flatMap(([to, from]) => [
    [`DELETE FROM ${to}`] as const,
    [`INSERT INTO ${to} SELECT * FROM ${from}`] as const,
  ]);
  await store.transact(...statements);
}
