import type { DataSource } from 'typeorm';
import type { Report } from '../../store-error.js';
import type { JoinedTransaction, LockedState, Planned, TouchedKeys } from '../../store.js';
import { poolSource } from '../../../database/data-source.js';
import { PREFIX, type Statement } from '../../../database/tables.js';
import { setting, together, unheard, type TimedQuery } from './postgres.client.js';
import { PostgresCommits } from './postgres.commits.js';
import { PostgresConnections } from './postgres.connections.js';
import { DEFAULT_POSTGRES_LIMITS, type PostgresLimits } from './postgres.limits.js';
import { PROBE_MS } from './postgres.pools.js';
import { joinPostgres, type PostgresSide } from './postgres.joined.js';
import { PostgresReplica } from './postgres.replica.js';
import { postgresFields } from './postgres.fields.js';
import { PostgresSearch, type Searchable } from './postgres.search.js';
import { dialectOf, firstRows, PROBE } from './postgres.sql.js';
import { TableStatistics } from './table-statistics.js';
import type { Measured, Param, Scan } from '../columns.js';
import type { Dialect } from '../list.sql.js';
import * as sql from '../sql.js';
import { ALL_HEADS, SqlStore } from '../sql.store.js';
import { StoreFaults } from '../store-faults.js';

const ANALYSE = 'ANALYZE atome_alterations, atome_atomes';

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
  private readonly connections: PostgresConnections;
  private readonly commits: PostgresCommits;
  private readonly replica: PostgresReplica | undefined;
  protected override readonly search: PostgresSearch | undefined;
  private readonly statistics: TableStatistics;
  private readonly joining: PostgresSide;

  constructor(
    dataSource: DataSource,
    { collation, searchable, idleMs = 10_000, report = () => undefined, ...options }: PostgresOptions = {},
  ) {
    super(dataSource, new StoreFaults(report), postgresFields);
    const lowerData = collation === undefined ? 'lower(data)' : `lower(data COLLATE "${collation}")`;
    this.dialect = dialectOf(lowerData);
    const limits = { ...DEFAULT_POSTGRES_LIMITS, ...options.limits };
    // acknowledged means durable, whatever the database's own setting is
    const settings = ['synchronous_commit = on', `idle_in_transaction_session_timeout = ${idleMs}`];
    const connections = new PostgresConnections(dataSource, limits, settings, this.faults);
    this.connections = connections;
    this.commits = new PostgresCommits(connections);
    const { readUrl, statementMs, lockMs } = limits;
    this.replica =
      readUrl === undefined ? undefined : new PostgresReplica(poolSource(dataSource), readUrl, limits, connections);
    this.statistics = new TableStatistics(() => connections.maintenance.query(connections.timed(ANALYSE)));
    this.joining = {
      connections,
      known: new WeakSet(),
      settings: setting('SET LOCAL', [...settings, `statement_timeout = ${statementMs}`, `lock_timeout = ${lockMs}`]),
      onAdded: (count) => this.grown(count),
    };
    this.search = searchable && new PostgresSearch(connections, searchable, lowerData);
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

  override poolUsage(): PostgresConnections['usage'] {
    return this.connections.usage;
  }

  join(dataSource: DataSource): Promise<JoinedTransaction> {
    return joinPostgres(dataSource, this.joining);
  }

  transact(...statements: readonly Statement[]): Promise<unknown[][]> {
    const { connections } = this;
    return connections.transaction(ALL_HEADS, async (client) => {
      await together([connections.enter(client, ALL_HEADS), client.query(connections.timed('BEGIN'))]);
      const answers: unknown[][] = [];
      for (const [statement, ...params] of statements) {
        answers.push((await client.query(connections.timed(statement, params))).rows as unknown[]);
      }
      await client.query(connections.timed('COMMIT'));
      return answers;
    });
  }

  async probe(): Promise<void> {
    this.replica?.look().catch(unheard);
    this.faults.requireSoundDisk();
    const { connections } = this;
    await connections.lend(connections.pools.health, ALL_HEADS, (client) =>
      client.query({ text: connections.textOf(PROBE), query_timeout: PROBE_MS } as TimedQuery),
    );
  }

  /** Frees the dead rows. Their bytes stay on disk until they are written over; only a rewrite takes them away. */
  async scrub(whole = false): Promise<void> {
    const { maintenance, textOf } = this.connections;
    await this.connections.attempt(async () => {
      const how = whole ? 'VACUUM (FULL)' : 'VACUUM (INDEX_CLEANUP ON)';
      await this.search?.follow(1, false);
      const { rows } = await maintenance.query(textOf(postgresFields.isThere));
      const more = [...(this.search ? ['search_texts'] : []), ...(rows.length > 0 ? ['field_values'] : [])];
      const tables = ['alterations', 'atomes', 'receipts', 'bases', ...more];
      for (const table of tables) await maintenance.query(textOf(`${how} ${PREFIX}${table}`));
    });
  }

  async close(): Promise<void> {
    this.clock.stop();
    await Promise.all([this.fields.end(), this.statistics.done()]);
    await this.search?.close();
    if (!this.dataSource.isInitialized) return;
    await Promise.all([this.replica?.close(), this.connections.close()]);
    await this.dataSource.destroy();
  }

  query(scope: string, statement: string, params: readonly Param[]): Promise<unknown[]> {
    const { writes, reads } = this.connections.pools;
    return this.connections.ask(statement === sql.INSERT_LEDGER ? writes : reads, scope, statement, params);
  }

  async scan(scope: string, { sql: statement, params, isHeavy = false, isPast = isHeavy }: Scan): Promise<unknown[]> {
    const { connections } = this;
    const away =
      isPast && scope !== ALL_HEADS
        ? await this.replica?.read(scope, isHeavy, async (client) => {
            return (await client.query(connections.timed(statement, params))).rows as unknown[];
          })
        : undefined;
    if (away) return away;
    return connections.ask(isHeavy ? connections.pools.heavyReads : connections.pools.reads, scope, statement, params);
  }

  measured(scope: string, statement: Measured, bytes: number): Promise<unknown[]> {
    return this.scan(scope, {
      isPast: true,
      ...statement,
      sql: firstRows(statement),
      params: [...statement.params, bytes],
    });
  }

  protected override grown(count: number): void {
    super.grown(count);
    this.statistics.grown(count);
  }
}
