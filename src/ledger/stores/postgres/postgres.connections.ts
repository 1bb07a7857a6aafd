import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { poolSource } from '../../../database/data-source.js';
import type { Param } from '../columns.js';
import type { StoreFaults } from '../store-faults.js';
import { isUnavailable, rollback, together, type TimedQuery } from './postgres.client.js';
import { translate } from './postgres.errors.js';
import type { PostgresLimits } from './postgres.limits.js';
import { connectionPools, type ConnectionPool, type ConnectionPools, type PoolUsage } from './postgres.pools.js';
import { statementsIn } from './postgres.texts.js';

/** The connections of a store: lent for one tenant at a time, whose rows alone they see, and for no longer than a statement may take. */
export class PostgresConnections {
  readonly pools: ConnectionPools;
  /** TypeORM's own, for what may take as long as it takes. */
  readonly maintenance: pg.Pool;
  readonly schema: string;
  /** Makes a statement of ours PostgreSQL's. */
  readonly textOf: (statement: string) => string;
  /** Whose rows each connection may see; see {@link enter}. */
  private readonly scopes = new WeakMap<pg.PoolClient, string>();

  /** @param settings of the connections that are written over. */
  constructor(
    dataSource: DataSource,
    limits: PostgresLimits,
    settings: readonly string[],
    readonly faults: StoreFaults,
  ) {
    this.schema = (dataSource.options as { schema: string }).schema;
    this.maintenance = (dataSource.driver as unknown as { master: pg.Pool }).master;
    this.textOf = statementsIn(this.schema);
    this.pools = connectionPools(poolSource(dataSource), limits, settings);
  }

  get usage(): Record<keyof ConnectionPools, PoolUsage> {
    const { writes, reads, heavyReads, health } = this.pools;
    return { writes: writes.usage, reads: reads.usage, heavyReads: heavyReads.usage, health: health.usage };
  }

  /** `work` begins the transaction and commits it; when it fails, what it began is rolled back. */
  async transaction<T>(scope: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const { writes } = this.pools;
    const client = await this.attempt(() => writes.connect(scope));
    let isSpoilt = false;
    try {
      return await work(client);
    } catch (error) {
      const refusal = translate(error);
      // one that cannot even roll back is thrown away, and one that may keep a setting or a place from before the fault
      isSpoilt = (await rollback(client)) !== undefined || (refusal !== error && isUnavailable(refusal));
      throw this.faults.refused(refusal);
    } finally {
      writes.release(scope, client, isSpoilt);
    }
  }

  /** One statement, outside of a transaction. */
  ask(pool: ConnectionPool, scope: string, statement: string, params: readonly Param[]): Promise<unknown[]> {
    return this.lend(pool, scope, async (client) => {
      const entered = this.enter(client, scope);
      const answered = client.query(this.timed(statement, params));
      await together([entered, answered]);
      return (await answered).rows as unknown[];
    });
  }

  /** Work outside of a transaction. A connection on which it failed is thrown away. */
  lend<T>(pool: ConnectionPool, scope: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.attempt(async () => {
      const client = await pool.connect(scope);
      let failed = true;
      try {
        const result = await work(client);
        failed = false;
        return result;
      } finally {
        pool.release(scope, client, failed);
      }
    });
  }

  /** Reports what `work` fails for. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.faults.reported(translate(error));
    }
  }

  /**
   * Says whose rows a connection may see from here on; what is sent behind it goes out together with it. A connection
   * keeps its scope, so that for one tenant at a time this costs nothing.
   */
  async enter(client: pg.PoolClient, scope: string, query_timeout?: number): Promise<void> {
    if (this.scopes.get(client) === scope) return;
    this.scopes.delete(client);
    const entered = this.timed(`SELECT set_config('atome.tenant', $1, false)`, [scope], 'enter');
    await client.query(query_timeout === undefined ? entered : ({ ...entered, query_timeout } as TimedQuery));
    this.scopes.set(client, scope);
  }

  /** A statement with a deadline: a database that has gone without a word must not hold its callers forever. */
  timed(text: string, values: readonly Param[] = [], name?: string): TimedQuery {
    return {
      text: this.textOf(text),
      values: [...values],
      query_timeout: this.pools.writes.deadlineMs,
      ...(name !== undefined && { name }),
    };
  }

  /** Waits for what is on its way. */
  async close(): Promise<void> {
    const pools = Object.values(this.pools) as ConnectionPool[];
    await Promise.all(pools.map((pool) => pool.close()));
  }
}
