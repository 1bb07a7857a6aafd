import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import { AtomeError } from '../../../protocol/index.js';
import { StoreError } from '../../store-error.js';
import type { JoinedTransaction, LockedState, Planned, TouchedKeys } from '../../store.js';
import { HostRunner, JOIN_MS, otherDatabase, requireHost } from '../host-runner.js';
import { Patience } from './patience.js';
import { IN_TURN } from './sqlite.errors.js';
import type { SqliteFile } from './sqlite.file.js';
import { SqliteGroups } from './sqlite.groups.js';

const FULL = 2;

/** What is said where other code of the application has come in between. */
const SHARED = 'other code of the application is in a transaction on the same connection; try again';

/** What the store brings to a transaction of an application's. */
export interface SqliteSide {
  readonly db: BetterSqlite3.Database;
  readonly file: SqliteFile;
  /** That of the writing connection: whoever writes waits there. */
  readonly patience: Patience;
  readonly reported: (error: unknown) => Error;
  /** Of what a write has met. */
  readonly refused: (error: unknown) => Error;
  readonly onAdded: (count: number) => void;
}

/** The statements of each connection of an application's. */
const groupsOf = new WeakMap<BetterSqlite3.Database, SqliteGroups>();

export async function joinSqlite(dataSource: DataSource, tenant: string, side: SqliteSide): Promise<JoinedTransaction> {
  requireHost(dataSource, 'better-sqlite3');
  const { databaseConnection: db } = dataSource.driver as unknown as { databaseConnection: BetterSqlite3.Database };
  requireSameFile(db, side.db);
  let release: () => void;
  try {
    release = await side.patience.hold(tenant, JOIN_MS, () => new StoreError(IN_TURN));
  } catch (error) {
    throw side.reported(error);
  }
  let joined: SqliteJoined | undefined;
  try {
    // what was committed before is told before
    await setImmediate();
    // who has waited for their turn may have been closed meanwhile
    requireHost(dataSource, 'better-sqlite3');
    joined = new SqliteJoined(new HostRunner(dataSource.createQueryRunner()), db, { ...side, release });
    await joined.begin();
    return joined;
  } catch (error) {
    if (joined) await joined.end();
    else release();
    throw side.reported(error);
  }
}

function requireSameFile(theirs: BetterSqlite3.Database, ours: BetterSqlite3.Database): void {
  const [one, other] = [theirs, ours].map((db) => (db.memory ? 'a database in memory' : db.name)) as [string, string];
  if (!theirs.memory && !ours.memory) {
    const [a, b] = [statSync(one), statSync(other)];
    if (a.ino === b.ino && a.dev === b.dev) return;
  }
  throw otherDatabase(one, other);
}

/**
 * A transaction on the connection of the application's DataSource, which has one. It has the lock of the file from its
 * beginning: nobody waits for it in the driver, where the event loop would wait too.
 */
class SqliteJoined implements JoinedTransaction {
  readonly isExclusive = true;
  isCommitted = false;
  private isBegun = false;
  private readonly synchronous: number;

  constructor(
    private readonly host: HostRunner,
    private readonly db: BetterSqlite3.Database,
    private readonly side: SqliteSide & { readonly release: () => void },
  ) {
    this.synchronous = db.pragma('synchronous', { simple: true }) as number;
  }

  get manager(): HostRunner['manager'] {
    return this.host.manager;
  }

  /** What other processes, and other code of the application, have begun is waited for. */
  async begin(): Promise<void> {
    const { db, host } = this;
    await new Patience().run(() => {
      if (db.inTransaction || host.notes.isTransactionActive) {
        throw Object.assign(new Error('the connection is in another transaction'), { code: 'SQLITE_BUSY' });
      }
      const timeout = db.pragma('busy_timeout', { simple: true }) as number;
      db.pragma('busy_timeout = 0');
      try {
        // acknowledged means durable; within a transaction it cannot be changed
        if (this.synchronous < FULL) db.pragma('synchronous = FULL');
        db.exec('BEGIN IMMEDIATE');
      } finally {
        db.pragma(`busy_timeout = ${timeout}`);
      }
      this.isBegun = true;
      Object.assign(host.notes, { isTransactionActive: true, transactionDepth: 1 });
    });
  }

  /** The connection is shared: what others have begun in the transaction is waited for. */
  async seal(): Promise<void> {
    const { db, host } = this;
    await host.seal();
    while (db.inTransaction && host.notes.transactionDepth > 1) await setImmediate();
    if (db.inTransaction && host.notes.transactionDepth === 1) return;
    throw new Error('the transaction was ended: leave its end to transaction()');
  }

  commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    const { db, host, side } = this;
    // what others have begun on the connection would be committed by half
    if (host.notes.transactionDepth !== 1) return Promise.reject(new AtomeError('unavailable', SHARED));
    const groups = groupsOf.get(db) ?? new SqliteGroups(db);
    groupsOf.set(db, groups);
    try {
      const planned = side.file.guard(() => {
        const decided = plan(groups.before(tenant, touched));
        if (decided.isRefused) return decided;
        if (decided.additions) groups.add(tenant, decided.additions);
        db.exec('COMMIT');
        this.isCommitted = true;
        return decided;
      });
      side.onAdded(planned.additions?.alterations.length ?? 0);
      return Promise.resolve(planned);
    } catch (error) {
      return Promise.reject(side.refused(error));
    }
  }

  async end(): Promise<void> {
    const { db, host, side, synchronous } = this;
    host.close();
    try {
      // the application may have closed its connection, which is a rollback
      if (this.isBegun && !this.isCommitted && db.open && db.inTransaction) db.exec('ROLLBACK');
      if (synchronous < FULL && db.open && !db.inTransaction) db.pragma(`synchronous = ${synchronous}`);
    } finally {
      // whatever has come of it, or nobody could write any more; before listeners of the application are told, which may write
      side.release();
    }
    if (this.isBegun) await host.ended(this.isCommitted);
  }
}
