import type pg from 'pg';
import { errorWords } from '../../../database/error-words.js';
import type { PoolSource } from '../../../database/data-source.js';
import { elapse } from '../../elapse.js';
import { inTime } from '../../in-time.js';
import { StoreError } from '../../store-error.js';
import { unheard, type TimedQuery } from './postgres.client.js';
import type { PostgresConnections } from './postgres.connections.js';
import { translate } from './postgres.errors.js';
import type { PostgresLimits } from './postgres.limits.js';
import { ConnectionPool } from './postgres.pools.js';
import { ReplicaBreaker } from './replica-breaker.js';
import { ReplicaPulse } from './replica-pulse.js';

/** What a read may lose to a replica that does not get what the primary has, or to one that is silent, in milliseconds. */
const WAIT_MS = 200;
/** When it is sure to be silent, in milliseconds; nobody waits for that. */
const ANSWER_MS = 1_000;
/** What a statement that takes too long is ended with: it would take as long on the primary. */
const TOO_LONG = '57014';

/** Where the primary is: how far its log is on disk, and the head of the tenant, which that is sure to hold. */
const POSITION = `SELECT seq, hash, epoch, CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END AS lsn
  FROM atome_ledgers WHERE tenant = ?`;
/** Whether a database follows the primary, has all up to there, and is of the same ledger. */
const REACHED = `SELECT pg_is_in_recovery() AS "isReplica", pg_last_wal_replay_lsn() >= ?::pg_lsn AND EXISTS (
    SELECT 1 FROM atome_ledgers WHERE tenant = ? AND epoch = ?) AND (?::bigint = 0 OR EXISTS (
    SELECT 1 FROM atome_alterations WHERE tenant = ? AND seq = ? AND hash = ?)) AS "isReached"`;

const REPORTED = 'reads are answered by the primary: the replica of DATABASE_READ_URL';
const BEHIND = 'it is behind the primary';
const SILENT = `it has not answered within ${WAIT_MS} ms`;
const NO_PRIMARY = 'DATABASE_URL itself leads to a standby, which does not say how far it is';
const NO_REPLICA = 'it is no standby that follows the primary of DATABASE_URL';

interface Position {
  readonly seq: unknown;
  readonly hash: string;
  readonly epoch: string;
  readonly lsn: string | null;
}

/**
 * Answers reads from a streaming replica, as the primary would have answered them: what was committed before a read began is
 * in it, whoever wrote it. A replica that is not so far in time, or out of reach, is left alone for a while, and then tried
 * by one read at a time. No read waits for another here: where all connections are used, the primary answers it.
 */
export class PostgresReplica {
  private readonly breaker: ReplicaBreaker;
  private readonly reads: ConnectionPool;
  private readonly heavyReads: ConnectionPool;
  /** Asks it whether it is there, while others wait for what takes long. */
  private readonly pulses: ConnectionPool;
  private readonly pulse: ReplicaPulse;

  constructor(
    source: PoolSource,
    readUrl: string,
    { reads, heavyReads, statementMs, lockMs }: PostgresLimits,
    private readonly primary: PostgresConnections,
  ) {
    const there = { Pool: source.Pool, options: { ...source.options, connectionString: readUrl } };
    const of = (size: number): ConnectionPool =>
      new ConnectionPool(there, { size, waitMs: ANSWER_MS, connectMs: ANSWER_MS, statementMs, lockMs });
    this.reads = of(reads);
    this.heavyReads = of(heavyReads);
    this.pulses = of(1);
    // who waits for one that has fallen silent is answered by the primary
    this.pulse = new ReplicaPulse(this.pulses, () => [this.reads, this.heavyReads].forEach((pool) => pool.cut(true)));
    this.breaker = new ReplicaBreaker((why) => primary.faults.report('postgres replica', `${REPORTED}: ${why}`));
  }

  /** Why the primary is asked for now; undefined while the replica is. */
  get fault(): string | undefined {
    return this.breaker.fault;
  }

  /**
   * @param work reads, once the connection may see the rows of the scope.
   * @returns undefined when the primary is to be asked.
   */
  async read(
    scope: string,
    isHeavy: boolean,
    work: (client: pg.PoolClient) => Promise<unknown[]>,
  ): Promise<unknown[] | undefined> {
    const pool = isHeavy ? this.heavyReads : this.reads;
    const client = await this.lent(pool, scope);
    if (!client) return undefined;
    let isSound = false;
    try {
      const rows = await this.pulse.watched(work(client));
      isSound = true;
      return rows;
    } catch (error) {
      const known = translate(error);
      if (!(known instanceof StoreError) || codeOf(error) === TOO_LONG) throw this.primary.faults.reported(known);
      this.breaker.rest(scope, errorWords(error));
      return undefined;
    } finally {
      pool.giveBack(scope, client, isSound);
    }
  }

  /** Looks whether it can be asked again, if it could not. */
  async look(): Promise<void> {
    const { fault, missed } = this.breaker;
    if (fault !== undefined) await this.read(missed, false, () => Promise.resolve([]));
  }

  /** Waits for what is on its way for as long as a replica needs that answers. */
  async close(): Promise<void> {
    const pools = [this.reads, this.heavyReads, this.pulses];
    await inTime(Promise.all(pools.map((pool) => pool.close())), ANSWER_MS, unheard);
    for (const pool of pools) pool.cut(true);
  }

  /** A connection to it, once it has what the primary has; undefined where that takes too long, or is not to be tried now. */
  private async lent(pool: ConnectionPool, scope: string): Promise<pg.PoolClient | undefined> {
    const { breaker } = this;
    const asking = breaker.begin();
    if (!asking) return undefined;
    const position = await this.position(scope);
    const connecting = position && breaker.isOpenTo(asking) ? pool.connectNow(scope) : undefined;
    if (!position || !connecting) {
      breaker.ended(asking, false);
      return undefined;
    }
    let isLate = false;
    const reached = async (): Promise<pg.PoolClient | undefined> => {
      const client = await this.reached(pool, scope, position, connecting);
      breaker.ended(asking, client !== undefined && !isLate);
      if (!client || !isLate) return client;
      pool.giveBack(scope, client, true);
      return undefined;
    };
    return inTime(reached(), WAIT_MS, () => {
      isLate = true;
      this.breaker.rest(scope, SILENT);
      return undefined;
    });
  }

  private async reached(
    pool: ConnectionPool,
    scope: string,
    position: Position,
    connecting: Promise<pg.PoolClient>,
  ): Promise<pg.PoolClient | undefined> {
    let client: pg.PoolClient | undefined;
    let lack: string | undefined;
    try {
      client = await connecting;
      await this.primary.enter(client, scope, ANSWER_MS);
      lack = await this.lackOf(client, scope, position);
      if (lack === undefined) return client;
      this.breaker.rest(scope, lack);
    } catch (error) {
      this.breaker.rest(scope, errorWords(error));
      // the others lead to where nobody answers
      for (const each of [this.reads, this.heavyReads]) each.cut(false);
    }
    if (client) pool.giveBack(scope, client, lack !== undefined);
    return undefined;
  }

  /** Undefined where nothing is there to read, and where the primary says itself what is the matter. */
  private async position(scope: string): Promise<Position | undefined> {
    const [position] = await this.primary.ask(this.primary.pools.reads, scope, POSITION, [scope]).then(
      (rows) => rows as Position[],
      () => [],
    );
    if (position?.lsn !== null) return position;
    this.breaker.rest(scope, NO_PRIMARY);
    return undefined;
  }

  /** What the replica lacks after a while of waiting; undefined: nothing. */
  private async lackOf(
    client: pg.PoolClient,
    scope: string,
    { lsn, epoch, seq, hash }: Position,
  ): Promise<string | undefined> {
    const values = [lsn, scope, epoch, seq, scope, seq, hash];
    const asked = {
      text: this.primary.textOf(REACHED),
      values,
      name: 'reached',
      query_timeout: ANSWER_MS,
    } as TimedQuery;
    const until = performance.now() + WAIT_MS;
    for (let waitMs = 1; ; waitMs *= 2) {
      const { rows } = await client.query<{ isReplica: boolean; isReached: boolean | null }>(asked);
      const { isReplica, isReached } = rows[0]!;
      if (!isReplica) return NO_REPLICA;
      if (isReached) return undefined;
      if (performance.now() + waitMs > until) return BEHIND;
      await elapse(waitMs);
    }
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
