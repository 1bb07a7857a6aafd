import type { Duplex } from 'node:stream';
import { jest } from '@jest/globals';
import type BetterSqlite3 from 'better-sqlite3';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { LedgerStore } from '../../../src/ledger/store.js';

/** One of them, with what stands for its parameters. */
export interface Sent {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** What a store asks of its database, seen at the driver. */
export interface Statements {
  /** The SQL of each, in order, since this was last asked. */
  take(): string[];
  /** As {@link take}, with parameters. */
  takeWhole(): Sent[];
  stop(): void;
}

/** Watches the driver under a store; whatever else is open on the same driver is seen too. */
export async function watchStatements(store: LedgerStore): Promise<Statements> {
  const { driver } = (store as unknown as { dataSource: DataSource }).dataSource;
  const seen: Sent[] = [];
  const stop =
    store.kind === 'sqlite'
      ? watchSqlite((driver as unknown as { databaseConnection: BetterSqlite3.Database }).databaseConnection, seen)
      : await watchPostgres((driver as unknown as { master: pg.Pool }).master, seen);
  const takeWhole = (): Sent[] => seen.splice(0);
  return { take: () => takeWhole().map(({ sql }) => sql), takeWhole, stop };
}

type Method = (this: { readonly source: string }, ...args: unknown[]) => unknown;

function watchSqlite(db: BetterSqlite3.Database, seen: Sent[]): () => void {
  const statement = Object.getPrototypeOf(db.prepare('SELECT 1')) as Record<'run' | 'get' | 'all', Method>;
  const spies = (['run', 'get', 'all'] as const).map((name) => {
    const original = statement[name];
    return jest.spyOn(statement, name).mockImplementation(function (this: { readonly source: string }, ...args) {
      seen.push({ sql: this.source, params: args });
      return original.apply(this, args);
    });
  });
  return () => spies.forEach((spy) => spy.mockRestore());
}

async function watchPostgres(pool: pg.Pool, seen: Sent[]): Promise<() => void> {
  const client = await pool.connect();
  const prototype = Object.getPrototypeOf(client) as { query: (this: pg.Client, ...args: unknown[]) => unknown };
  client.release();
  const original = prototype.query;
  const spy = jest.spyOn(prototype, 'query').mockImplementation(function (this: pg.Client, ...args) {
    const [query, values = []] = args as [string | { readonly text: string; readonly values?: unknown[] }, unknown[]?];
    seen.push(
      typeof query === 'string' ? { sql: query, params: values } : { sql: query.text, params: query.values ?? [] },
    );
    return original.apply(this, args);
  });
  return () => spy.mockRestore();
}

/** Counts how often a store waits for its PostgreSQL: a statement sent after something has been answered. */
export async function watchRoundTrips(store: LedgerStore): Promise<{ take(): number; stop(): void }> {
  const { pools } = (store as unknown as { connections: { pools: Record<'writes', { pool: pg.Pool }> } }).connections;
  const client = (await pools.writes.pool.connect()) as pg.PoolClient & {
    readonly connection: { readonly stream: Duplex };
  };
  // the only one that is idle, and so the one that is taken next
  client.release();
  const { stream } = client.connection;
  let trips = 0;
  let answered = true;
  const heard = (): void => {
    answered = true;
  };
  stream.on('data', heard);
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  const spy = jest.spyOn(stream, 'write').mockImplementation((...args: unknown[]) => {
    if (answered) trips++;
    answered = false;
    return write(...args);
  });
  return {
    take: () => {
      const taken = trips;
      trips = 0;
      return taken;
    },
    stop: () => {
      stream.off('data', heard);
      spy.mockRestore();
    },
  };
}
