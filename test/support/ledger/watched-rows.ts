import { jest } from '@jest/globals';
import type BetterSqlite3 from 'better-sqlite3';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { LedgerStore } from '../../../src/ledger/store.js';

/** What a store has read. */
export interface ReadRows {
  readonly statements: string[];
  readonly bytes: number;
}

/** Watches, at the driver, which statements a store sends and how many bytes their rows take. */
export async function watchRows(store: LedgerStore): Promise<{ stop(): ReadRows }> {
  const { driver } = (store as unknown as { dataSource: DataSource }).dataSource;
  const statements: string[] = [];
  let bytes = 0;
  const seen = (sql: string, rows: unknown): void => {
    statements.push(sql);
    bytes += JSON.stringify(rows ?? null).length;
  };
  const spies: { mockRestore(): void }[] = [];
  if (store.kind === 'sqlite') {
    const { databaseConnection: db } = driver as unknown as { databaseConnection: BetterSqlite3.Database };
    const prototype = Object.getPrototypeOf(db.prepare('SELECT 1')) as Record<'get' | 'all', Call>;
    for (const name of ['get', 'all'] as const) {
      const original = prototype[name];
      const spy = jest.spyOn(prototype, name).mockImplementation(function (this: { source: string }, ...args) {
        const rows = original.apply(this, args);
        seen(this.source, rows);
        return rows;
      });
      spies.push(spy);
    }
  } else {
    const client = await (driver as unknown as { master: pg.Pool }).master.connect();
    const prototype = Object.getPrototypeOf(client) as { query: Call };
    client.release();
    const original = prototype.query;
    const spy = jest.spyOn(prototype, 'query').mockImplementation(async function (this: { source: string }, ...args) {
      const answer = (await original.apply(this, args)) as pg.QueryResult;
      const [query] = args as [string | { readonly text: string }];
      seen(typeof query === 'string' ? query : query.text, answer.rows);
      return answer;
    });
    spies.push(spy);
  }
  return {
    stop: () => {
      spies.forEach((spy) => spy.mockRestore());
      return { statements, bytes };
    },
  };
}

type Call = (this: { source: string }, ...args: unknown[]) => unknown;
