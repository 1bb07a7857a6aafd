import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import type { LockedState, Planned, TouchedKeys } from '../../store.js';
import type { Statement } from '../../../database/tables.js';
import type { Param } from '../columns.js';
import * as sql from '../sql.js';
import type { StoreFaults } from '../store-faults.js';
import { Patience } from './patience.js';
import { SharedTransaction } from './shared-transaction.js';
import { translate } from './sqlite.errors.js';
import { requireDurability, SqliteFile } from './sqlite.file.js';
import { SqliteGroups } from './sqlite.groups.js';

/** So many bytes of a document, read or written, cost about as much as a small row. */
const ROW_BYTES = 4_096;
/** As how many rows a statement of other tables counts: it may find some. */
const STATEMENT_ROWS = 10;

/** The driver's own connection, whose calls are synchronous, and the file that it leads to. */
export class SqliteConnection {
  readonly db: BetterSqlite3.Database;
  readonly file: SqliteFile;
  readonly patience = new Patience();
  private readonly groups: SqliteGroups;
  private readonly shared: SharedTransaction;

  constructor(
    { driver }: DataSource,
    private readonly faults: StoreFaults,
  ) {
    this.db = (driver as unknown as { databaseConnection: BetterSqlite3.Database }).databaseConnection;
    requireDurability(this.db);
    this.groups = new SqliteGroups(this.db);
    this.file = new SqliteFile(this.db, faults.report);
    this.shared = new SharedTransaction(this.db, (work) => this.patience.run(() => this.file.guard(work)));
  }

  /** Together with others of this turn. */
  async commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    try {
      return await this.shared.run((weigh) => {
        const before = this.groups.before(tenant, touched);
        for (const { data, size } of before.atomes) if (data !== null) weigh(size / ROW_BYTES);
        const planned = plan(before);
        if (planned.additions) this.groups.add(tenant, planned.additions);
        for (const { size } of planned.additions?.atomes ?? []) weigh(size / ROW_BYTES);
        return planned;
      }, touched.atomeIds.length);
    } catch (error) {
      throw this.faults.refused(translate(error));
    }
  }

  /** As {@link commit}: whoever makes much of the tables beside the ledger costs others no flush each time. */
  async transact(statements: readonly Statement[]): Promise<unknown[][]> {
    const all = (): unknown[][] => statements.map(([statement, ...params]) => this.run(statement, params));
    try {
      return await this.shared.run(all, statements.length * STATEMENT_ROWS);
    } catch (error) {
      throw this.faults.reported(translate(error));
    }
  }

  run(statement: string, params: readonly Param[]): unknown[] {
    const prepared = this.prepare(statement);
    if (prepared.reader) return prepared.all(...params);
    prepared.run(...params);
    return [];
  }

  prepare(statement: string): BetterSqlite3.Statement {
    return this.groups.prepare(statement);
  }

  /** @throws what a write would meet. */
  tryToWrite(): void {
    this.file.check();
    this.file.requireWritableDisk();
    this.db.transaction(() => sql.PROBES.forEach((statement) => this.prepare(statement).run())).immediate();
  }

  /** The calls are synchronous, the port is not: what one throws becomes a rejection. */
  async attempt<T>(work: () => T, patience = this.patience): Promise<T> {
    try {
      return await patience.run(work);
    } catch (error) {
      throw this.faults.reported(translate(error));
    }
  }
}
