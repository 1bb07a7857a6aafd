import type BetterSqlite3 from 'better-sqlite3';
import { hasMigrations, ourTables } from './earlier-tables.js';
import { MIGRATIONS_TABLE, PREFIX, TABLES } from './tables.js';

/**
 * Gives the tables that an earlier version has made, and their indexes, the prefix that keeps them apart from those of
 * others; all in one transaction, or not at all.
 * @throws OpenError when a table of that version is no longer as it was made.
 */
export function takeSqlitePlace(db: BetterSqlite3.Database): void {
  if (earlierIn(db).length === 0) return;
  // another process may be at it
  db.transaction(() => {
    for (const table of earlierIn(db)) rename(db, table);
  }).immediate();
}

function earlierIn(db: BetterSqlite3.Database): string[] {
  const tables = new Map([...TABLES, MIGRATIONS_TABLE].map((table) => [table, columnsIn(db, table)]));
  if (columnsIn(db, `${PREFIX}ledgers`).size > 0 || !hasMigrations(tables)) return [];
  const executed = db.prepare(`SELECT name FROM ${MIGRATIONS_TABLE}`).pluck().all() as string[];
  return ourTables(executed, tables).filter((table) => table !== MIGRATIONS_TABLE);
}

function columnsIn(db: BetterSqlite3.Database, table: string): Set<string> {
  return new Set(db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[]);
}

/** SQLite cannot rename an index: each is made again. Those that others have made on the table stay. */
function rename(db: BetterSqlite3.Database, table: string): void {
  db.exec(`ALTER TABLE "${table}" RENAME TO "${PREFIX}${table}"`);
  const indexes = db
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql LIKE 'CREATE %'`)
    .all(`${PREFIX}${table}`) as { name: string; sql: string }[];
  for (const { name, sql } of indexes) {
    if (!name.startsWith(`${table}_by_`)) continue;
    db.exec(`DROP INDEX "${name}"; ${sql.replace(`"${name}"`, `"${PREFIX}${name}"`)}`);
  }
}
