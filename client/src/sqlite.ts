import { SyncError } from './core/errors.js';
import { SqlStore } from './storage/sqlite/sqlite-store.js';
import type { SqlDriver } from './storage/sqlite/open-sqlite.js';
import type { Format, Store } from './storage/store.js';

/** Where {@link sqliteStore} keeps its data. */
export interface SqliteOptions {
  /** Of the file; its folder has to be there. Default `atome-sync.db`. */
  readonly path?: string | undefined;
}

/** A store in a file, for Node and Electron. Needs the package `better-sqlite3`. */
export function sqliteStore({ path = 'atome-sync.db' }: SqliteOptions = {}, format?: Format): Store {
  return new SqlStore(betterSqlite3, path, format);
}

async function betterSqlite3(path: string): Promise<SqlDriver> {
  const { default: Database } = await import('better-sqlite3').catch((cause: unknown) => {
    throw new SyncError('storage', 'The package better-sqlite3 is missing: npm install better-sqlite3', { cause });
  });
  const db = new Database(path);
  // better-sqlite3 is built to lose the last commits with the power
  db.pragma('synchronous = FULL');
  return {
    execute: (sql, values = []) => attempt(() => db.prepare(sql).run(...values)),
    select: <Rows>(sql: string, values: unknown[] = []) => attempt(() => db.prepare(sql).all(...values) as Rows),
    close: () => attempt(() => db.close()),
  };
}

/** better-sqlite3 is synchronous; the port is not. */
function attempt<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(run()));
}

/** What {@link tauriStore} uses of `@tauri-apps/plugin-sql`: its default export. */
export interface TauriSql {
  /** Opens a database, and makes it where it is not there. */
  load(path: string): Promise<TauriDatabase>;
}

/** An open database of `@tauri-apps/plugin-sql`. */
export interface TauriDatabase {
  /** Its name, for `close`. */
  readonly path: string;
  /** Runs a statement. */
  execute(sql: string, values?: unknown[]): Promise<unknown>;
  /** Runs a query. @returns its rows. */
  select<Rows>(sql: string, values?: unknown[]): Promise<Rows>;
  /** Closes the database of this path. */
  close(path?: string): Promise<unknown>;
}

/** Where {@link tauriStore} keeps its data. */
export interface TauriOptions {
  /** Of the file, as the plugin names it. Default `sqlite:atome-sync.db`. */
  readonly path?: string | undefined;
}

/**
 * A store in a file, for Tauri. Takes the default export of `@tauri-apps/plugin-sql`; the application has to allow
 * `sql:allow-load`, `sql:allow-execute`, `sql:allow-select` and `sql:allow-close`.
 */
export function tauriStore(sql: TauriSql, options: TauriOptions = {}, format?: Format): Store {
  const { path = 'sqlite:atome-sync.db' } = options;
  return new SqlStore(
    async (name) => {
      const db = await sql.load(name);
      return {
        execute: (text, values) => db.execute(text, values),
        select: (text, values) => db.select(text, values),
        // without a path it closes all databases of the application
        close: () => db.close(db.path),
      };
    },
    path,
    format,
  );
}
