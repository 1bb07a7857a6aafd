import type { DataSource } from 'typeorm';
import type { LedgerStore } from '../../../src/ledger/store.js';

/** SQL past the store, for specs that do to a database what the store never would. */
export function queryOf(store: LedgerStore): (sql: string, params?: unknown[]) => Promise<unknown> {
  const { dataSource } = store as unknown as { dataSource: DataSource };
  return (sql, params) => dataSource.query(sql, params);
}
