import type pg from 'pg';
import type { PoolSource } from '../../../database/data-source.js';
import { StoreError } from '../../store-error.js';
import { setting, sever, unheard, type TimedQuery } from './postgres.client.js';
import { BUSY } from './postgres.errors.js';
import type { PostgresLimits } from './postgres.limits.js';
import { ScopedSlots } from './scoped-slots.js';

/** How long health waits for a connection, and for the answer to a statement, in milliseconds. */
export const PROBE_MS = 1_000;
/** How much later than the database this process gives a statement up, in milliseconds: the database has the first word. */
const GRACE_MS = 1_000;

interface Bounds extends Pick<PostgresLimits, 'statementMs' | 'lockMs'> {
  readonly size: number;
  /** How long a connection may be waited for, in milliseconds. */
  readonly waitMs: number;
  /** How long one may take to be made; left out: as long as one may be waited for, and as the address says. */
  readonly connectMs?: number;
  /** What else is set on each, such as `synchronous_commit = on`. */
  readonly settings?: readonly string[];
}

/** How connections are used now. */
export interface PoolUsage {
  readonly used: number;
  readonly idle: number;
  readonly waiting: number;
}

/**
 * Connections for one purpose. The database itself ends a statement that takes too long, also when nobody waits for its
 * answer any more. Set by a statement: poolers do not take such settings when a connection is made.
 */
export class ConnectionPool {
  /** After so many milliseconds a statement is given up, though the database has said nothing. */
  readonly deadlineMs: number;
  private readonly pool: pg.Pool;
  private readonly slots: ScopedSlots;
  /** Those that there are, and whether each is lent. */
  private readonly clients = new Map<pg.PoolClient, boolean>();

  constructor({ Pool, options }: PoolSource, { size, waitMs, statementMs, lockMs, ...bounds }: Bounds) {
    this.deadlineMs = statementMs + GRACE_MS;
    const { settings: more = [] } = bounds;
    const settings = setting('SET', [`statement_timeout = ${statementMs}`, `lock_timeout = ${lockMs}`, ...more]);
    const connectMs = bounds.connectMs ?? Math.min(waitMs, options.connectionTimeoutMillis ?? waitMs);
    // the pool waits for it, which its types do not say
    const onConnect = (client: pg.ClientBase): Promise<unknown> =>
      client.query({ text: settings, query_timeout: connectMs } as TimedQuery);
    const connecting: pg.PoolConfig = { ...options, max: size, connectionTimeoutMillis: connectMs };
    this.pool = new Pool(Object.assign(connecting, { onConnect }));
    this.slots = new ScopedSlots(size, waitMs, () => new StoreError(BUSY));
    // a connection that breaks says so here too; unheard, be it idle or between the pool's hands and ours, that ends the process
    this.pool.on('error', unheard);
    this.pool.on('acquire', (client) => client.on('error', unheard));
    this.pool.on('remove', (client) => this.clients.delete(client));
    this.pool.on('release', (_error, client) => client.off('error', unheard));
  }

  /** @param scope whose work it is: no tenant has all connections. */
  async connect(scope: string): Promise<pg.PoolClient> {
    await this.slots.acquire(scope);
    return this.lent(scope);
  }

  /** As {@link connect}, waiting for nobody else; undefined when no slot is free. */
  connectNow(scope: string): Promise<pg.PoolClient> | undefined {
    return this.slots.acquireNow(scope) ? this.lent(scope) : undefined;
  }

  private async lent(scope: string): Promise<pg.PoolClient> {
    try {
      const client = await this.pool.connect();
      this.clients.set(client, true);
      return client;
    } catch (error) {
      this.slots.release(scope);
      throw error;
    }
  }

  /** @param isSpoilt whether the connection is thrown away. */
  release(scope: string, client: pg.PoolClient, isSpoilt: boolean): void {
    if (this.clients.has(client)) this.clients.set(client, false);
    client.release(isSpoilt);
    this.slots.release(scope);
  }

  /** As {@link release}; one that is not sound is broken without a word. */
  giveBack(scope: string, client: pg.PoolClient, isSound: boolean): void {
    if (!isSound) sever(client);
    this.release(scope, client, !isSound);
  }

  /** How many connections there are, and how many wait for one. */
  get usage(): PoolUsage {
    const { totalCount, idleCount } = this.pool;
    return { used: totalCount - idleCount, idle: idleCount, waiting: this.slots.waitingCount };
  }

  /** Breaks those that are idle, or all. What is on its way over one fails. */
  cut(isOfAll: boolean): void {
    for (const [client, isLent] of this.clients) if (isOfAll || !isLent) sever(client);
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}

/** Connections apart, so that what takes long holds up neither the writes nor what is read by its key, nor health. */
export interface ConnectionPools {
  readonly writes: ConnectionPool;
  readonly reads: ConnectionPool;
  readonly heavyReads: ConnectionPool;
  readonly health: ConnectionPool;
}

/** How long a connection is waited for where statements are short, in milliseconds. */
const WAIT_MS = 5_000;

/** @param settings of the connections that are written over. */
export function connectionPools(
  source: PoolSource,
  limits: PostgresLimits,
  settings: readonly string[],
): ConnectionPools {
  const { statementMs, lockMs } = limits;
  const of = (size: number, waitMs = WAIT_MS): ConnectionPool =>
    new ConnectionPool(source, { size, waitMs, statementMs, lockMs });
  return {
    writes: new ConnectionPool(source, { size: limits.writes, waitMs: WAIT_MS, statementMs, lockMs, settings }),
    reads: of(limits.reads),
    heavyReads: of(limits.heavyReads, statementMs),
    health: new ConnectionPool(source, { size: 1, waitMs: PROBE_MS, statementMs: PROBE_MS, lockMs: PROBE_MS }),
  };
}
