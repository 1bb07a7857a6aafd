import type { DataSource } from 'typeorm';
import { statementsIn } from '../../../src/ledger/stores/postgres/postgres.texts.js';
import type { LedgerStore } from '../../../src/ledger/store.js';

type Query = (sql: string, params?: unknown[]) => Promise<unknown>;

/** SQL past the store, for specs that do to a database what the store never would. Tables have their prefix. */
export function queryOf(store: LedgerStore): Query {
  return querying((store as unknown as { dataSource: DataSource }).dataSource);
}

/** As {@link queryOf}, without a store. */
export function querying(dataSource: DataSource): Query {
  const { schema } = dataSource.options as { schema?: string };
  const textOf = schema === undefined ? (sql: string): string => sql : statementsIn(schema);
  return (sql, params) => dataSource.query(textOf(sql), params);
}
