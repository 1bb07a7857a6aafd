import Database from 'better-sqlite3';
import type { TauriDatabase, TauriSql } from '../../../client/src/sqlite.js';

/** As many connections as the plugin's pool has by default. */
const POOL = 10;

/**
 * `@tauri-apps/plugin-sql` as a program sees it: a pool of connections to one file, of which each call takes another
 * one, so that nothing but a single statement is a transaction. Numbers are bound as floating point.
 */
export class TauriSqlDouble implements TauriSql {
  readonly statements: string[] = [];

  /** @param folder where the application has its data. */
  constructor(private readonly folder: string) {}

  async load(path: string): Promise<TauriDatabase> {
    const file = `${this.folder}/${path.replace(/^sqlite:/, '')}`;
    const pool = Array.from({ length: POOL }, () => new Database(file, { timeout: 200 }));
    let turn = 0;
    const next = (sql: string): Database.Statement => {
      this.statements.push(sql);
      turn += 1;
      return pool[turn % POOL]!.prepare(sql);
    };
    return {
      path,
      execute: (sql, values = []) => attempt(() => next(sql).run(...values)),
      select: <Rows>(sql: string, values: unknown[] = []) => attempt(() => next(sql).all(...values) as Rows),
      close: async (which) => {
        if (which !== path) throw new Error('it would close the databases of others too');
        for (const connection of pool) connection.close();
      },
    };
  }
}

/** The plugin rejects with texts. */
async function attempt<T>(run: () => T): Promise<T> {
  try {
    return run();
  } catch (thrown) {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- as the plugin does
    throw `error returned from database: ${(thrown as Error).message}`;
  }
}
