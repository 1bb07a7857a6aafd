import { realpathSync } from 'node:fs';
import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import { StoreError, type Report } from '../../store-error.js';
import type { JoinedTransaction, LockedState, Planned, TouchedKeys } from '../../store.js';
import type { Statement } from '../../../database/tables.js';
import { SharedTransaction } from './shared-transaction.js';
import type { Measured, Param, Scan } from '../columns.js';
import * as sql from '../sql.js';
import { SqlStore } from '../sql.store.js';
import { StoreFaults } from '../store-faults.js';
import { NOT_WORTH } from '../search.js';
import { searchPathOf } from './search/search-follower.js';
import { SqliteSearch } from './search/sqlite.search.js';
import { JOIN_MS } from '../host-runner.js';
import { IN_TURN, translate } from './sqlite.errors.js';
import { DELIVERIES, isLocked, Patience } from './patience.js';
import { NoThreads, ReadPool, type Read } from './read-pool.js';
import { rowsOf } from './rows-of.mjs';
import { SQLITE_DIALECT } from './sqlite.dialect.js';
import { sqliteFields } from './sqlite.fields.js';
import { scrubFile } from './scrub.js';
import { requireDurability, SqliteFile } from './sqlite.file.js';
import { SqliteGroups } from './sqlite.groups.js';
import { joinSqlite } from './sqlite.joined.js';

/** How long health waits for a lock that another process has, in milliseconds. */
const PROBE_MS = 500;

const AT_ONCE = new Patience(0);

/** So many bytes of a document, read or written, cost about as much as a small row. */
const ROW_BYTES = 4_096;

const NO_THREADS =
  'SQLite is read on the event loop, where a long read holds up everybody: put dist/read-worker.mjs of atome-sync beside your bundle, or leave atome-sync out of the bundle; ';

/**
 * The embedded store. It works on the driver's own connection, whose calls are synchronous: a transaction is
 * one call, so that no read of this process can fall into the middle of it.
 */
export class SqliteStore extends SqlStore {
  readonly kind = 'sqlite';
  readonly dialect = SQLITE_DIALECT;
  private readonly db: BetterSqlite3.Database;
  private readonly file: SqliteFile;
  private readonly shared: SharedTransaction;
  /** undefined where it is read on the event loop. */
  private pool: ReadPool | undefined;
  protected override readonly search: SqliteSearch | undefined;
  private readonly patience = new Patience();
  private isScrubbing = false;
  private readonly groups: SqliteGroups;

  constructor(dataSource: DataSource, report: Report = () => undefined, isSearched = true) {
    super(dataSource, new StoreFaults(report), sqliteFields);
    this.db = (dataSource.driver as unknown as { databaseConnection: BetterSqlite3.Database }).databaseConnection;
    requireDurability(this.db);
    this.groups = new SqliteGroups(this.db);
    this.file = new SqliteFile(this.db, report);
    if (!this.db.memory) {
      const path = realpathSync(this.db.name);
      this.pool = new ReadPool(path, searchPathOf(path));
      if (isSearched) this.search = new SqliteSearch(path, this.pool, report);
    }
    this.shared = new SharedTransaction(this.db, (work) => this.patience.run(() => this.file.guard(work)));
    this.db.pragma('busy_timeout = 0'); // see Patience
    const longest = this.db.prepare('SELECT max(seq) FROM atome_ledgers').pluck().get() as number | null;
    if (longest !== null && longest >= NOT_WORTH) this.search?.following.begin();
  }

  commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    const committed = this.shared.run((weigh) => {
      const before = this.groups.before(tenant, touched);
      for (const { data, size } of before.atomes) if (data !== null) weigh(size / ROW_BYTES);
      const planned = plan(before);
      if (planned.additions) this.groups.add(tenant, planned.additions);
      for (const { size } of planned.additions?.atomes ?? []) weigh(size / ROW_BYTES);
      return planned;
    }, touched.atomeIds.length);
    return committed.then(
      (planned) => {
        this.grown(planned.additions?.alterations.length ?? 0);
        return planned;
      },
      (error: unknown) => {
        throw this.faults.refused(translate(error));
      },
    );
  }

  join(dataSource: DataSource, tenant: string): Promise<JoinedTransaction> {
    const { db, file, patience } = this;
    return joinSqlite(dataSource, tenant, {
      db,
      file,
      patience,
      reported: (error) => this.faults.reported(translate(error)),
      refused: (error) => this.faults.refused(translate(error)),
      onAdded: (count) => this.grown(count),
    });
  }

  transact(...statements: readonly Statement[]): Promise<unknown[][]> {
    const all = this.db.transaction(() => statements.map(([statement, ...params]) => this.run(statement, params)));
    return this.attempt(() => this.file.guard(() => all.immediate()));
  }

  async scrub(whole = false): Promise<void> {
    if (this.db.memory) return;
    await this.attempt(() => this.search?.scrub(whole));
    this.isScrubbing = true;
    try {
      await this.attempt(() => this.file.check());
      await this.attempt(() => scrubFile(realpathSync(this.db.name), whole));
      await this.attempt(() => this.file.check());
    } finally {
      this.isScrubbing = false;
    }
  }

  override async apart<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.patience.hold(DELIVERIES, JOIN_MS, () => this.faults.reported(new StoreError(IN_TURN)));
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** What another process is about to finish is waited for. A lock of our own tells nothing of the database. */
  async probe(): Promise<void> {
    this.faults.requireSoundDisk();
    const isWaitedFor = (error: unknown): boolean => this.isScrubbing && isLocked(error);
    await this.attempt(async () => {
      try {
        await new Patience(PROBE_MS).run(() => (this.patience.isHeld ? this.file.check() : this.tryToWrite()));
      } catch (error) {
        if (!isWaitedFor(error)) throw error;
      }
    }, AT_ONCE);
  }

  private tryToWrite(): void {
    this.file.check();
    this.file.requireWritableDisk();
    this.db.transaction(() => sql.PROBES.forEach((statement) => this.prepare(statement).run())).immediate();
  }

  async close(): Promise<void> {
    await this.fields.end();
    if (!this.dataSource.isInitialized) return;
    this.file.stop();
    await this.search?.close();
    await this.pool?.close();
    await this.dataSource.destroy();
    this.file.close();
  }

  query(_scope: string, statement: string, params: readonly Param[]): Promise<unknown[]> {
    // a read waits for no lock, and tells nothing of whether there is one
    const isWrite = statement === sql.INSERT_LEDGER;
    return this.attempt(() => this.run(statement, params), isWrite ? this.patience : AT_ONCE);
  }

  scan(scope: string, { sql: text, params, isHeavy }: Scan): Promise<unknown[]> {
    return this.read(scope, { sql: text, params, isHeavy });
  }

  measured(scope: string, { sql: text, params, isHeavy, length }: Measured, bytes: number): Promise<unknown[]> {
    return this.read(scope, { sql: text, params, isHeavy, length, bytes });
  }

  /** A database in memory is seen by its own connection alone. */
  private async read(scope: string, read: Read): Promise<unknown[]> {
    try {
      return await (this.pool ? this.pool.read(scope, read) : rowsOf(this.prepare(read.sql), read));
    } catch (error) {
      if (!(error instanceof NoThreads)) throw this.faults.reported(translate(error));
      // others may have come to the same
      if (this.pool) this.faults.report('sqlite threads', NO_THREADS + (error.cause as Error).message);
      this.pool = undefined;
      return this.read(scope, read);
    }
  }

  private run(statement: string, params: readonly Param[]): unknown[] {
    const prepared = this.prepare(statement);
    if (prepared.reader) return prepared.all(...params);
    prepared.run(...params);
    return [];
  }

  private prepare(statement: string): BetterSqlite3.Statement {
    return this.groups.prepare(statement);
  }

  /** The calls are synchronous, the port is not: what one throws becomes a rejection. */
  private async attempt<T>(work: () => T, patience = this.patience): Promise<T> {
    try {
      return await patience.run(work);
    } catch (error) {
      throw this.faults.reported(translate(error));
    }
  }
}
