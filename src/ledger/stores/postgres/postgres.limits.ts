/** Connections to PostgreSQL, apart for what must not wait for each other, and how long a statement may take there. */
export interface PostgresLimits {
  /** Connections for writes; a tenant uses one at a time. */
  readonly writes: number;
  /** Connections for what is read by keys, or in pages that an index has in order. */
  readonly reads: number;
  /** Connections for searches, counts, exports and other walks. */
  readonly heavyReads: number;
  /** How long one statement may take, in milliseconds: then the database ends it. */
  readonly statementMs: number;
  /** How long it may wait for a lock, in milliseconds. */
  readonly lockMs: number;
  /** A streaming replica of the same database, which then answers what need not be asked of the primary. */
  readonly readUrl?: string;
}

export const DEFAULT_POSTGRES_LIMITS: PostgresLimits = {
  writes: 4,
  reads: 4,
  heavyReads: 3,
  statementMs: 30_000,
  lockMs: 3_000,
};
