import type { LockedState, Planned, TouchedKeys } from '../store.js';
import type { Measured, Param, Scan } from './columns.js';
import type { FieldIndexKeeper } from './field-indexes.keeper.js';
import type { Dialect } from './list.sql.js';
import type { Found } from './search.js';
import type { StoreFaults } from './store-faults.js';

/** What each database brings: it runs statements for one tenant, and says what it says in ways of its own. */
export interface SqlDatabase {
  readonly dialect: Dialect;
  readonly fields: FieldIndexKeeper;
  readonly faults: StoreFaults;
  /** A statement that reads or writes a bounded number of rows by their keys. @param scope the tenant whose rows it may see. */
  query(scope: string, statement: string, params: readonly Param[]): Promise<unknown[]>;
  /** A statement that may read many rows. */
  scan(scope: string, scan: Scan): Promise<unknown[]>;
  /** The first rows of a statement, up to the one with which their lengths go beyond `bytes`. */
  measured(scope: string, statement: Measured, bytes: number): Promise<unknown[]>;
  /** What an index has found of a text; undefined when there is none, or when it is of no help. */
  find(scope: string, words: string): Promise<Found | undefined>;
  commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P>;
}

const NO_BOUND = Number.MAX_SAFE_INTEGER;

/** A part of a ledger: each of its statements is about this tenant, and sees no row of another. */
export abstract class Part {
  constructor(
    protected readonly database: SqlDatabase,
    protected readonly tenant: string,
  ) {}

  protected query<Row>(statement: string, ...params: readonly Param[]): Promise<Row[]> {
    return this.database.query(this.tenant, statement, params) as Promise<Row[]>;
  }

  protected scan<Row>(heavy: boolean, statement: string, ...params: readonly Param[]): Promise<Row[]> {
    return this.database.scan(this.tenant, { sql: statement, params, isHeavy: heavy }) as Promise<Row[]>;
  }

  protected measured<Row>(heavy: boolean, statement: Measured, bytes = NO_BOUND): Promise<Row[]> {
    return this.database.measured(this.tenant, { ...statement, isHeavy: heavy }, bytes) as Promise<Row[]>;
  }
}
