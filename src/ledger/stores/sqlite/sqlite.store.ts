import { realpathSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { StoreError, type Report } from '../../store-error.js';
import type { JoinedTransaction, LockedState, Planned, TouchedKeys } from '../../store.js';
import type { Statement } from '../../../database/tables.js';
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
import { SqliteConnection } from './sqlite.connection.js';
import { SQLITE_DIALECT } from './sqlite.dialect.js';
import { sqliteFields } from './sqlite.fields.js';
import { scrubFile } from './scrub.js';
import { joinSqlite } from './sqlite.joined.js';

/** How long health waits for a lock that another process has, in milliseconds. */
const PROBE_MS = 500;

const AT_ONCE = new Patience(0);

const NO_THREADS =
  'SQLite is read on the event loop, where a long read holds up everybody: put dist/read-worker.mjs of atome-sync beside your bundle, or leave atome-sync out of the bundle; ';

/**
 * The embedded store. It works on the driver's own connection, whose calls are synchronous: a transaction is
 * one call, so that no read of this process can fall into the middle of it.
 */
export class SqliteStore extends SqlStore {
  readonly kind = 'sqlite';
  readonly dialect = SQLITE_DIALECT;
  private readonly connection: SqliteConnection;
  /** undefined where it is read on the event loop. */
  private pool: ReadPool | undefined;
  protected override readonly search: SqliteSearch | undefined;
  private isScrubbing = false;

  constructor(dataSource: DataSource, report: Report = () => undefined, isSearched = true) {
    super(dataSource, new StoreFaults(report), sqliteFields);
    this.connection = new SqliteConnection(dataSource, this.faults);
    const { db } = this.connection;
    if (!db.memory) {
      const path = realpathSync(db.name);
      this.pool = new ReadPool(path, searchPathOf(path));
      if (isSearched) this.search = new SqliteSearch(path, this.pool, report);
    }
    db.pragma('busy_timeout = 0'); // see Patience
    const longest = db.prepare('SELECT max(seq) FROM atome_ledgers').pluck().get() as number | null;
    if (longest !== null && longest >= NOT_WORTH) this.search?.following.begin();
  }

  async commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    const planned = await this.connection.commit(tenant, touched, plan);
    this.grown(planned.additions?.alterations.length ?? 0);
    return planned;
  }

  join(dataSource: DataSource, tenant: string): Promise<JoinedTransaction> {
    const { db, file, patience } = this.connection;
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
    return this.connection.transact(statements);
  }

  async scrub(whole = false): Promise<void> {
    const { connection, search } = this;
    if (connection.db.memory) return;
    await connection.attempt(() => search?.scrub(whole));
    this.isScrubbing = true;
    try {
      await connection.attempt(() => connection.file.check());
      await connection.attempt(() => scrubFile(realpathSync(connection.db.name), whole));
      await connection.attempt(() => connection.file.check());
    } finally {
      this.isScrubbing = false;
    }
  }

  override async apart<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.connection.patience.hold(DELIVERIES, JOIN_MS, () =>
      this.faults.reported(new StoreError(IN_TURN)),
    );
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** What another process is about to finish is waited for. A lock of our own tells nothing of the database. */
  async probe(): Promise<void> {
    this.faults.requireSoundDisk();
    const { connection } = this;
    const isWaitedFor = (error: unknown): boolean => this.isScrubbing && isLocked(error);
    const probed = (): void => (connection.patience.isHeld ? connection.file.check() : connection.tryToWrite());
    await connection.attempt(async () => {
      try {
        await new Patience(PROBE_MS).run(probed);
      } catch (error) {
        if (!isWaitedFor(error)) throw error;
      }
    }, AT_ONCE);
  }

  async close(): Promise<void> {
    await this.fields.end();
    if (!this.dataSource.isInitialized) return;
    const { file } = this.connection;
    file.stop();
    await this.search?.close();
    await this.pool?.close();
    await this.dataSource.destroy();
    file.close();
  }

  query(_scope: string, statement: string, params: readonly Param[]): Promise<unknown[]> {
    // a read waits for no lock, and tells nothing of whether there is one
    const isWrite = statement === sql.INSERT_LEDGER;
    const { connection } = this;
    return connection.attempt(() => connection.run(statement, params), isWrite ? connection.patience : AT_ONCE);
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
      return await (this.pool ? this.pool.read(scope, read) : rowsOf(this.connection.prepare(read.sql), read));
    } catch (error) {
      if (!(error instanceof NoThreads)) throw this.faults.reported(translate(error));
      // others may have come to the same
      if (this.pool) this.faults.report('sqlite threads', NO_THREADS + (error.cause as Error).message);
      this.pool = undefined;
      return this.read(scope, read);
    }
  }
}
