import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { Report } from '../../store-error.js';
import type { JoinedTransaction, LockedState, Planned, TouchedKeys } from '../../store.js';
import { poolSource } from '../../../database/data-source.js';
import { PREFIX, type Statement } from '../../../database/tables.js';
import { isUnavailable, rollback, setting, together, unheard, type TimedQuery } from './postgres.client.js';
import { PostgresCommits } from './postgres.commits.js';
import { translate } from './postgres.errors.js';
import { DEFAULT_POSTGRES_LIMITS, type PostgresLimits } from './postgres.limits.js';
import {
  connectionPools,
  PROBE_MS,
  type ConnectionPool,
  type ConnectionPools,
  type PoolUsage,
} from './postgres.pools.js';
import { joinPostgres } from './postgres.joined.js';
import { PostgresReplica } from './postgres.replica.js';
import { postgresFields } from './postgres.fields.js';
import { PostgresSearch, type Searchable } from './postgres.search.js';
import { statementsIn } from './postgres.texts.js';
import { dialectOf, firstRows, PROBE } from './postgres.sql.js';
import type { Measured, Param, Scan } from '../columns.js';
import type { Dialect } from '../list.sql.js';
import * as sql from '../sql.js';
import { ALL_HEADS, SqlStore } from '../sql.store.js';

export interface PostgresOptions {
  /** One that knows every alphabet, for search; the database's own may know ASCII only. */
  readonly collation?: string | undefined;
  /** What the index of searches can look up; left out: there is none. */
  readonly searchable?: Searchable | undefined;
  readonly limits?: Partial<PostgresLimits>;
  /** How long a transaction may wait for this process, in milliseconds: one that stalls loses the tenant's lock. */
  readonly idleMs?: number;
  readonly report?: Report;
}

/**
 * The store for production. A group locks the tenant's head row and keeps the lock to the commit, so
 * that seq order is commit order: a sequence, or an id taken before the commit, would let a reader skip a
 * row that commits late.
 */
export class PostgresStore extends SqlStore {
  readonly kind = 'postgres';
  readonly dialect: Dialect;
  private readonly pools: ConnectionPools;
  private readonly limits: PostgresLimits;
  private readonly replica: PostgresReplica | undefined;
  /** TypeORM's own, for what may take as long as it takes. */
  private readonly maintenance: pg.Pool;
  protected override readonly search: PostgresSearch | undefined;
  /** Makes a statement of ours PostgreSQL's. */
  private readonly textOf: (statement: string) => string;
  private readonly commits: PostgresCommits;
  /** What is set where something is written. */
  private readonly settings: readonly string[];
  /** Alterations added since the start, and how many of them make the next analysis due. */
  private added = 0;
  private analyseAt = 1_000;
  private analysed: Promise<void> = Promise.resolve();
  /** Of the application, which are known to lead to this database. */
  private readonly hosts = new WeakSet<DataSource>();
  /** Whose rows each connection may see; see {@link enter}. */
  private readonly scopes = new WeakMap<pg.PoolClient, string>();

  constructor(
    private readonly dataSource: DataSource,
    { collation, searchable, limits, idleMs = 10_000, report = () => undefined }: PostgresOptions = {},
  ) {
    super(report, postgresFields);
    const lowerData = collation === undefined ? 'lower(data)' : `lower(data COLLATE "${collation}")`;
    this.dialect = dialectOf(lowerData);
    this.textOf = statementsIn((dataSource.options as { schema: string }).schema);
    this.maintenance = (dataSource.driver as unknown as { master: pg.Pool }).master;
    this.limits = { ...DEFAULT_POSTGRES_LIMITS, ...limits };
    // acknowledged means durable, whatever the database's own setting is
    this.settings = ['synchronous_commit = on', `idle_in_transaction_session_timeout = ${idleMs}`];
    this.pools = connectionPools(poolSource(dataSource), this.limits, this.settings);
    this.commits = new PostgresCommits({
      transaction: (scope, work) => this.transaction(scope, work),
      enter: (client, scope) => this.enter(client, scope),
      timed: (text, values, name) => this.timed(text, values, name),
    });
    const { readUrl } = this.limits;
    this.replica =
      readUrl === undefined
        ? undefined
        : new PostgresReplica(poolSource(dataSource), readUrl, this.limits, {
            ask: (scope, statement, params) => this.query(scope, statement, params),
            enter: (client, scope, deadlineMs) => this.enter(client, scope, deadlineMs),
            textOf: this.textOf,
            report,
            reported: (error) => this.reported(error),
          });
    const failed = (error: unknown): unknown => this.reported(translate(error));
    const { maintenance, pools, textOf } = this;
    this.search = searchable && new PostgresSearch({ maintenance, pools, lowerData, textOf }, searchable, failed);
    this.search?.following.begin();
  }

  async commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    const committed = await this.commits.commit(tenant, touched, plan);
    this.grown(committed.additions?.alterations.length ?? 0);
    return committed;
  }

  override get readFault(): string | undefined {
    return this.replica?.fault;
  }

  override poolUsage(): Record<keyof ConnectionPools, PoolUsage> {
    const { writes, reads, heavyReads, health } = this.pools;
    return { writes: writes.usage, reads: reads.usage, heavyReads: heavyReads.usage, health: health.usage };
  }

  join(dataSource: DataSource): Promise<JoinedTransaction> {
    const { statementMs, lockMs } = this.limits;
    return joinPostgres(dataSource, {
      known: this.hosts,
      schema: (this.dataSource.options as { schema: string }).schema,
      settings: setting('SET LOCAL', [
        ...this.settings,
        `statement_timeout = ${statementMs}`,
        `lock_timeout = ${lockMs}`,
      ]),
      ask: (statement) => this.query(ALL_HEADS, statement, []),
      send: (client, text, values) => client.query(this.timed(text, values)),
      reported: (error) => this.reported(error),
      refused: (error) => this.refused(error),
      onAdded: (count) => this.grown(count),
    });
  }

  transact(...statements: readonly Statement[]): Promise<unknown[][]> {
    return this.transaction(ALL_HEADS, async (client) => {
      await together([this.enter(client, ALL_HEADS), client.query(this.timed('BEGIN'))]);
      const answers: unknown[][] = [];
      for (const [statement, ...params] of statements) {
        answers.push((await client.query(this.timed(statement, params))).rows as unknown[]);
      }
      await client.query(this.timed('COMMIT'));
      return answers;
    });
  }

  async probe(): Promise<void> {
    this.replica?.look().catch(unheard);
    this.requireSoundDisk();
    await this.lend(this.pools.health, ALL_HEADS, (client) =>
      client.query({ text: this.textOf(PROBE), query_timeout: PROBE_MS } as TimedQuery),
    );
  }

  /** Frees the dead rows. Their bytes stay on disk until they are written over; only a rewrite takes them away. */
  async scrub(whole = false): Promise<void> {
    await this.attempt(async () => {
      const how = whole ? 'VACUUM (FULL)' : 'VACUUM (INDEX_CLEANUP ON)';
      await this.search?.follow(1, false);
      const { rows } = await this.maintenance.query(this.textOf(postgresFields.isThere));
      const more = [...(this.search ? ['search_texts'] : []), ...(rows.length > 0 ? ['field_values'] : [])];
      const tables = ['alterations', 'atomes', 'receipts', 'bases', ...more];
      for (const table of tables) await this.maintenance.query(this.textOf(`${how} ${PREFIX}${table}`));
    });
  }

  async close(): Promise<void> {
    this.clock.stop();
    await Promise.all([this.fields.end(), this.analysed]);
    await this.search?.close();
    if (!this.dataSource.isInitialized) return;
    const pools = Object.values(this.pools) as ConnectionPool[];
    await Promise.all([this.replica?.close(), ...pools.map((pool) => pool.close())]);
    await this.dataSource.destroy();
  }

  /** `work` begins the transaction and commits it; when it fails, what it began is rolled back. */
  private async transaction<T>(scope: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const { writes } = this.pools;
    const client = await this.attempt(() => writes.connect(scope));
    let isSpoilt = false;
    try {
      return await work(client);
    } catch (error) {
      const refusal = translate(error);
      // one that cannot even roll back is thrown away, and one that may keep a setting or a place from before the fault
      isSpoilt = (await rollback(client)) !== undefined || (refusal !== error && isUnavailable(refusal));
      throw this.refused(refusal);
    } finally {
      writes.release(scope, client, isSpoilt);
    }
  }

  query(scope: string, statement: string, params: readonly Param[]): Promise<unknown[]> {
    const { writes, reads } = this.pools;
    return this.ask(statement === sql.INSERT_LEDGER ? writes : reads, scope, statement, params);
  }

  async scan(scope: string, { sql: statement, params, isHeavy = false, isPast = isHeavy }: Scan): Promise<unknown[]> {
    const away =
      isPast && scope !== ALL_HEADS
        ? await this.replica?.read(scope, isHeavy, async (client) => {
            return (await client.query(this.timed(statement, params))).rows as unknown[];
          })
        : undefined;
    if (away) return away;
    return this.ask(isHeavy ? this.pools.heavyReads : this.pools.reads, scope, statement, params);
  }

  private ask(pool: ConnectionPool, scope: string, statement: string, params: readonly Param[]): Promise<unknown[]> {
    return this.lend(pool, scope, async (client) => {
      const entered = this.enter(client, scope);
      const answered = client.query(this.timed(statement, params));
      await together([entered, answered]);
      return (await answered).rows as unknown[];
    });
  }

  /** Work outside of a transaction. A connection on which it failed is thrown away. */
  private lend<T>(pool: ConnectionPool, scope: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
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

  /**
   * Says whose rows a connection may see from here on; what is sent behind it goes out together with it. A connection
   * keeps its scope, so that for one tenant at a time this costs nothing.
   */
  private async enter(client: pg.PoolClient, scope: string, query_timeout?: number): Promise<void> {
    if (this.scopes.get(client) === scope) return;
    this.scopes.delete(client);
    const entered = this.timed(`SELECT set_config('atome.tenant', $1, false)`, [scope], 'enter');
    await client.query(query_timeout === undefined ? entered : ({ ...entered, query_timeout } as TimedQuery));
    this.scopes.set(client, scope);
  }

  measured(scope: string, statement: Measured, bytes: number): Promise<unknown[]> {
    return this.scan(scope, {
      isPast: true,
      ...statement,
      sql: firstRows(statement),
      params: [...statement.params, bytes],
    });
  }

  /**
   * PostgreSQL itself looks at a new table after a minute only. Until then it takes any index that begins with the tenant
   * for the right one, and walks it.
   */
  protected override grown(count: number): void {
    super.grown(count);
    this.added += count;
    if (this.added < this.analyseAt) return;
    this.analyseAt *= 10;
    // what hinders it hinders the writes as well, and they say so
    this.analysed = this.maintenance
      .query(this.timed('ANALYZE atome_alterations, atome_atomes'))
      .then(unheard, unheard);
  }

  /** A statement with a deadline: a database that has gone without a word must not hold its callers forever. */
  private timed(text: string, values: readonly Param[] = [], name?: string): TimedQuery {
    return {
      text: this.textOf(text),
      values: [...values],
      query_timeout: this.pools.writes.deadlineMs,
      ...(name !== undefined && { name }),
    };
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.reported(translate(error));
    }
  }
}
