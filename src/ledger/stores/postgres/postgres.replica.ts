import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import { errorWords } from '../../../database/error-words.js';
import type { PoolSource } from '../../../database/data-source.js';
import { StoreError, type Report } from '../../store-error.js';
import type { Param } from '../columns.js';
import type { TimedQuery } from './postgres.client.js';
import { BUSY, translate } from './postgres.errors.js';
import type { PostgresLimits } from './postgres.limits.js';
import { ConnectionPool } from './postgres.pools.js';

/** How long the replica may take to get what the primary has, in milliseconds; and to say how far it is. */
const WAIT_MS = 200;
const ANSWER_MS = 1_000;
/** How long it is left alone when it did not, in milliseconds. */
const REST_MS = 1_000;
/** What a statement that takes too long is ended with: it would take as long on the primary. */
const TOO_LONG = '57014';

/** Where the primary is: how far its log is on disk, and the head of the tenant, which that is sure to hold. */
const POSITION = `SELECT seq, hash, epoch, pg_current_wal_flush_lsn() AS lsn FROM atome_ledgers WHERE tenant = ?`;
/** Whether a database follows the primary, has all up to there, and is of the same ledger. */
const REACHED = `SELECT pg_is_in_recovery() AS "isReplica", pg_last_wal_replay_lsn() >= ?::pg_lsn AND EXISTS (
    SELECT 1 FROM atome_ledgers WHERE tenant = ? AND epoch = ?) AND (?::bigint = 0 OR EXISTS (
    SELECT 1 FROM atome_alterations WHERE tenant = ? AND seq = ? AND hash = ?)) AS "isReached"`;

const BEHIND = 'it is behind the primary';
const NO_REPLICA = 'it is no standby that follows the primary of DATABASE_URL';

interface Position {
  readonly seq: unknown;
  readonly hash: string;
  readonly epoch: string;
  readonly lsn: string;
}

/** What it needs of the store, whose statements and scopes it shares. */
export interface ReplicaSide {
  /** Asks the primary. */
  readonly ask: (scope: string, statement: string, params: readonly Param[]) => Promise<unknown[]>;
  /** Says whose rows a connection may see. */
  readonly enter: (client: pg.PoolClient, scope: string) => Promise<void>;
  readonly textOf: (statement: string) => string;
  readonly report: Report;
}

/**
 * Answers reads from a streaming replica, as the primary would have answered them: what was committed before a read began is
 * in it, whoever wrote it. A replica that is not so far in time, or out of reach, is left alone for a while.
 */
export class PostgresReplica {
  /** Why the primary is asked for now; undefined while the replica is. */
  fault: string | undefined;
  private readonly reads: ConnectionPool;
  private readonly heavyReads: ConnectionPool;
  private restsUntil = 0;
  /** Whose read it could not answer last. */
  private missed = '';

  constructor(
    source: PoolSource,
    readUrl: string,
    { reads, heavyReads, statementMs, lockMs }: PostgresLimits,
    private readonly side: ReplicaSide,
  ) {
    const there = { Pool: source.Pool, options: { ...source.options, connectionString: readUrl } };
    const of = (size: number, waitMs: number): ConnectionPool =>
      new ConnectionPool(there, { size, waitMs, connectMs: ANSWER_MS, statementMs, lockMs });
    this.reads = of(reads, statementMs);
    this.heavyReads = of(heavyReads, statementMs);
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
    if (performance.now() < this.restsUntil) return undefined;
    const [position] = await this.position(scope);
    // nothing is there to read, or a primary that says itself what is the matter
    if (!position) return undefined;
    const pool = isHeavy ? this.heavyReads : this.reads;
    try {
      const client = await pool.connect(scope);
      let isSpoilt = true;
      try {
        await this.side.enter(client, scope);
        const lack = await this.lackOf(client, scope, position);
        if (lack !== undefined) this.rest(scope, lack);
        const rows = lack === undefined ? await work(client) : undefined;
        isSpoilt = false;
        if (rows) this.fault = undefined;
        return rows;
      } finally {
        pool.release(scope, client, isSpoilt);
      }
    } catch (error) {
      const known = translate(error);
      const isOurs = !(known instanceof StoreError) || known.fault === BUSY || codeOf(error) === TOO_LONG;
      if (isOurs) throw known;
      this.rest(scope, errorWords(error));
      return undefined;
    }
  }

  /** Looks whether it can be asked again, if it could not. */
  async look(): Promise<void> {
    if (this.fault !== undefined) await this.read(this.missed, false, () => Promise.resolve([]));
  }

  async close(): Promise<void> {
    await Promise.all([this.reads.close(), this.heavyReads.close()]);
  }

  private position(scope: string): Promise<Position[]> {
    return this.side.ask(scope, POSITION, [scope]).then(
      (rows) => rows as Position[],
      () => [],
    );
  }

  /** What the replica lacks after a while of waiting; undefined: nothing. */
  private async lackOf(
    client: pg.PoolClient,
    scope: string,
    { lsn, epoch, seq, hash }: Position,
  ): Promise<string | undefined> {
    const values = [lsn, scope, epoch, seq, scope, seq, hash];
    const asked = { text: this.side.textOf(REACHED), values, name: 'reached', query_timeout: ANSWER_MS } as TimedQuery;
    const until = performance.now() + WAIT_MS;
    for (let waitMs = 1; ; waitMs *= 2) {
      const { rows } = await client.query<{ isReplica: boolean; isReached: boolean | null }>(asked);
      const { isReplica, isReached } = rows[0]!;
      if (!isReplica) return NO_REPLICA;
      if (isReached) return undefined;
      if (performance.now() + waitMs > until) return BEHIND;
      await setTimeout(waitMs);
    }
  }

  private rest(scope: string, why: string): void {
    this.missed = scope;
    this.restsUntil = performance.now() + REST_MS;
    this.fault = why;
    this.side.report('postgres replica', `reads are answered by the primary: the replica of DATABASE_READ_URL: ${why}`);
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
