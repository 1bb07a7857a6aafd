import { realpathSync } from 'node:fs';
import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import type { AlterationRow, HeadRow, IdempotencyRecord, PartialAtomeRow } from '../../rows.js';
import { LedgerGone, type Report } from '../../store-error.js';
import type { Additions, Erasure, LockedState, Planned, TouchedKeys } from '../../store.js';
import type { Statement } from '../../../database/tables.js';
import { SharedTransaction } from './shared-transaction.js';
import { ALTERATIONS, ATOMES, RECEIPTS, type Measured, type Param, type Scan, type Table } from '../columns.js';
import * as sql from '../sql.js';
import * as inheritance from '../inheritance.sql.js';
import {
  countedOf,
  headParams,
  heirsOf,
  missingDocuments,
  withDocuments,
  withParents,
  type FoundAtomes,
  type HeirsOfOwner,
  type ReadDocumentRow,
} from '../read-rows.js';
import { SqlStore } from '../sql.store.js';
import { NOT_WORTH } from '../search.js';
import { searchPathOf } from './search/search-follower.js';
import { SqliteSearch } from './search/sqlite.search.js';
import { translate } from './sqlite.errors.js';
import { isLocked, Patience } from './patience.js';
import { NoThreads, ReadPool, type Read } from './read-pool.js';
import { rowsOf } from './rows-of.mjs';
import { sqliteConditions } from './sqlite.condition.js';
import { StatementCache } from './statement-cache.mjs';
import { scrubFile } from './scrub.js';
import { requireDurability, SqliteFile } from './sqlite.file.js';

/** CROSS JOIN: look up the few that are wanted, rather than walk the whole ledger. */
const SELECT_RECEIPTS = sql.selectReceipts(
  (table) => `FROM json_each(?) AS w CROSS JOIN ${table}
    WHERE op_id = w.value ->> 0 AND author = w.value ->> 1 AND tenant = ?`,
);

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
  readonly textsOf = 'SELECT value FROM json_each(?)';
  readonly pairsOf = `(SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS version FROM json_each(?))`;
  readonly dialect = {
    lowerData: 'lower(data)',
    isFound:
      'seq IN (SELECT value FROM json_each(?) UNION ALL SELECT seq FROM atome_atomes WHERE tenant = ? AND seq > ?)',
    namesReader: (readers: string) =>
      `EXISTS (SELECT 1 FROM json_each(?) AS name WHERE instr(${readers}, name.value) > 0)`,
    unwalked: (column: string) => `+${column}`,
    conditions: sqliteConditions,
  };
  private readonly db: BetterSqlite3.Database;
  private readonly file: SqliteFile;
  private readonly shared: SharedTransaction;
  /** undefined where it is read on the event loop. */
  private pool: ReadPool | undefined;
  protected override readonly search: SqliteSearch | undefined;
  private readonly patience = new Patience();
  private isScrubbing = false;
  private readonly statements = new StatementCache();

  constructor(
    private readonly dataSource: DataSource,
    report: Report = () => undefined,
  ) {
    super(report);
    this.db = (dataSource.driver as unknown as { databaseConnection: BetterSqlite3.Database }).databaseConnection;
    requireDurability(this.db);
    this.file = new SqliteFile(this.db, report);
    if (!this.db.memory) {
      const path = realpathSync(this.db.name);
      this.pool = new ReadPool(path, searchPathOf(path));
      this.search = new SqliteSearch(path, this.pool, report);
    }
    this.shared = new SharedTransaction(this.db, (work) => this.patience.run(() => this.file.guard(work)));
    this.db.pragma('busy_timeout = 0'); // see Patience
    const longest = this.db.prepare('SELECT max(seq) FROM atome_ledgers').pluck().get() as number | null;
    if (longest !== null && longest >= NOT_WORTH) this.search?.following.begin();
  }

  commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    const committed = this.shared.run(() => {
      const planned = plan(this.before(tenant, touched));
      if (planned.additions) this.add(tenant, planned.additions);
      return planned;
    }, touched.atomeIds.length);
    return committed.then(
      (planned) => {
        this.search?.following.grown(planned.additions?.alterations.length ?? 0);
        return planned;
      },
      (error: unknown) => {
        throw this.reported(translate(error));
      },
    );
  }

  transact(...statements: readonly Statement[]): Promise<unknown[][]> {
    const all = (): unknown[][] => statements.map(([statement, ...params]) => this.run(statement, params));
    return this.shared.run(all, statements.length).catch((error: unknown) => {
      throw this.reported(translate(error));
    });
  }

  override apart<T>(work: () => Promise<T>): Promise<T> {
    return this.shared.apart(work);
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

  /** What another process is about to finish is waited for. A lock of our own tells nothing of the database. */
  async probe(): Promise<void> {
    const isWaitedFor = (error: unknown): boolean => (this.isScrubbing || this.shared.isApart) && isLocked(error);
    await this.attempt(async () => {
      try {
        await new Patience(PROBE_MS).run(() => this.tryToWrite());
      } catch (error) {
        if (!isWaitedFor(error)) throw error;
      }
    });
  }

  private tryToWrite(): void {
    this.file.check();
    this.file.requireWritableDisk();
    this.db.transaction(() => sql.PROBES.forEach((statement) => this.prepare(statement).run())).immediate();
  }

  async close(): Promise<void> {
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
      if (!(error instanceof NoThreads)) throw this.reported(translate(error));
      // others may have come to the same
      if (this.pool) this.report('sqlite threads', NO_THREADS + (error.cause as Error).message);
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

  private before(tenant: string, touched: TouchedKeys): LockedState {
    const { atomeIds, ops, needsAncestors, parentsAmong } = touched;
    const head = this.prepare(sql.SELECT_HEAD).get(tenant) as HeadRow | undefined;
    if (!head) throw new LedgerGone(tenant);
    const atome = this.prepare(needsAncestors ? sql.SELECT_ATOME_BELOW : sql.SELECT_ATOME);
    const read = (ids: readonly string[]): PartialAtomeRow[] =>
      ids.map((id) => atome.get(tenant, id) as PartialAtomeRow | undefined).filter((row) => row !== undefined);
    const atomes = read(atomeIds);
    const parents = parentsAmong?.(atomes) ?? [];
    const found = parents.length === 0 ? { atomes } : withParents(atomes, parents, read(parents));
    const document = this.prepare(sql.SELECT_DOCUMENT);
    const documents = missingDocuments(found, touched).map((id) => document.get(tenant, id) as ReadDocumentRow);
    const first = this.prepare(sql.SELECT_ALTERATION);
    return {
      head,
      creations: sql.met(touched, atomes).map((id) => first.get(tenant, id, 1) as AlterationRow),
      ...withDocuments(found, documents),
      receipts: ops.length === 0 ? [] : this.receipts(tenant, ops),
      ...this.countHeirs(tenant, found, touched),
    };
  }

  private countHeirs(
    tenant: string,
    found: FoundAtomes,
    touched: TouchedKeys,
  ): Pick<LockedState, 'counted' | 'heirs'> | undefined {
    const counted = countedOf(found, touched);
    if (!counted) return undefined;
    const rows = this.prepare(inheritance.countHeirs(this.textsOf)).all(...inheritance.heirsParams(tenant, counted));
    return heirsOf(counted, rows as HeirsOfOwner[]);
  }

  private receipts(tenant: string, ops: TouchedKeys['ops']): IdempotencyRecord[] {
    return this.prepare(SELECT_RECEIPTS).all(...sql.receiptParams(tenant, ops)) as IdempotencyRecord[];
  }

  private add(tenant: string, additions: Additions): void {
    const { head, alterations, atomes, receipts, erased } = additions;
    this.insert(ALTERATIONS, tenant, alterations);
    this.insert(ATOMES, tenant, atomes, sql.UPSERT_ATOME);
    this.insert(RECEIPTS, tenant, receipts);
    this.prepare(sql.UPDATE_HEAD).run(...headParams(tenant, head));
    for (const each of inheritance.propagationStatements(tenant, additions)) {
      this.prepare(each.sql).run(...each.params);
    }
    if (erased?.length) this.erase(tenant, erased);
  }

  private erase(tenant: string, erased: readonly Erasure[]): void {
    // freed pages are overwritten too, which costs writes: not worth it for what nobody asked to forget
    this.db.pragma('secure_delete = ON');
    try {
      for (const each of erased) {
        const params = sql.eraseParams(tenant, each);
        sql.ERASE.forEach((statement) => this.prepare(statement).run(...params));
      }
    } finally {
      this.db.pragma('secure_delete = FAST');
    }
  }

  private insert<Row extends object>(table: Table<Row>, tenant: string, rows: readonly Row[], suffix = ''): void {
    const statement = this.prepare(
      `INSERT INTO ${table.name} ("tenant", ${table.columns.map((column) => `"${column}"`).join(', ')})
       VALUES (?${', ?'.repeat(table.columns.length)}) ${suffix}`,
    );
    for (const row of rows) statement.run(tenant, ...table.fields.map((field) => row[field]));
  }

  private prepare(statement: string): BetterSqlite3.Statement {
    return this.statements.prepare(this.db, statement);
  }

  /** The calls are synchronous, the port is not: what one throws becomes a rejection. */
  private async attempt<T>(work: () => T, patience = this.patience): Promise<T> {
    try {
      return await patience.run(work);
    } catch (error) {
      throw this.reported(translate(error));
    }
  }
}
