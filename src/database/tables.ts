/** SQL that both databases understand, with `?` for its parameters. */
export type Statement = readonly [sql: string, ...params: (string | number | null)[]];

/** The tables beside the ledger, for those who bring SQL of their own. A {@link LedgerStore} is one too. */
export interface Tables {
  /**
   * Runs statements in one transaction, each seeing what those before it did; resolves with the rows of each
   * (64-bit integers as text on PostgreSQL).
   */
  transact(...statements: readonly Statement[]): Promise<unknown[][]>;
}
