import { setTimeout } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import type { AlterationRow, HeadRow, IdempotencyRecord, PartialAtomeRow } from '../../rows.js';
import { LedgerGone, type Report } from '../../store-error.js';
import type { Additions, Adopting, Erasure, LockedState, Planned, TouchedKeys } from '../../store.js';
import type { Statement } from '../../../database/tables.js';
import { SharedTransaction } from './shared-transaction.js';
import { ALTERATIONS, ATOMES, RECEIPTS, type Measured, type Param, type Table } from '../columns.js';
import * as sql from '../sql.js';
import {
  headParams,
  missingDocuments,
  needsAllRelatives,
  withDocuments,
  withRelatives,
  type ReadDocumentRow,
} from '../read-rows.js';
import { SqlStore } from '../sql.store.js';
import { translate } from './sqlite.errors.js';
import { SqliteFile } from './sqlite.file.js';

/** CROSS JOIN: look up the few that are wanted, rather than walk the whole ledger. */
const SELECT_RECEIPTS = sql.selectReceipts(
  (table) => `FROM json_each(?) AS w CROSS JOIN ${table}
    WHERE op_id = w.value ->> 0 AND author = w.value ->> 1 AND tenant = ?`,
);

/** How often, and with which pause in milliseconds, health asks for the lock while another process has it. */
const PROBE_TRIES = 15;
const PROBE_PAUSE_MS = 50;

/** A file that is rewritten in a fraction of a second. */
const SMALL_BYTES = 32 * 1024 * 1024;

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
    namesReader: 'EXISTS (SELECT 1 FROM json_each(?) AS name WHERE instr(readers, name.value) > 0)',
    unwalked: (column: string) => `+${column}`,
  };
  private readonly db: BetterSqlite3.Database;
  private readonly file: SqliteFile;
  private readonly shared: SharedTransaction;
  private readonly statements = new Map<string, BetterSqlite3.Statement>();

  constructor(
    private readonly dataSource: DataSource,
    report: Report = () => undefined,
  ) {
    super(report);
    this.db = (dataSource.driver as unknown as { databaseConnection: BetterSqlite3.Database }).databaseConnection;
    this.requireDurability();
    this.file = new SqliteFile(this.db, report);
    this.shared = new SharedTransaction(this.db, (work) => this.file.guard(work));
  }

  commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    const committed = this.shared.run(() => {
      const planned = plan(this.before(tenant, touched));
      if (planned.additions) this.add(tenant, planned.additions);
      return planned;
    }, touched.atomeIds.length);
    return committed.catch((error: unknown) => {
      throw this.reported(translate(error));
    });
  }

  transact(...statements: readonly Statement[]): Promise<unknown[][]> {
    const all = this.db.transaction(() => statements.map(([statement, ...params]) => this.run(statement, params)));
    return this.attempt(() => this.file.guard(() => all.immediate()));
  }

  /**
   * Pages that are rewritten hold nothing old (`secure_delete`), and here the write-ahead log ends. What earlier
   * versions left in pages that were freed or split since goes with a rewrite of the file, which stops everything
   * while it lasts: at once for a small file, else where it is asked for.
   */
  scrub(whole = false): Promise<void> {
    return this.attempt(() => {
      if (this.db.memory) return;
      this.db.pragma('wal_checkpoint(TRUNCATE)');
      const bytes = this.pragma('page_count') * this.pragma('page_size');
      if (!whole && bytes > SMALL_BYTES) return;
      this.db.exec('VACUUM');
      this.db.pragma('wal_checkpoint(TRUNCATE)');
    });
  }

  /** What another process is about to finish is waited for, but not as SQLite does it, which stops the whole process. */
  async probe(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.tryToWrite();
        return;
      } catch (error) {
        const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
        if (!isBusy || tries === PROBE_TRIES) throw this.reported(translate(error));
      }
      await setTimeout(PROBE_PAUSE_MS, undefined, { ref: false });
    }
  }

  private tryToWrite(): void {
    this.file.check();
    this.file.requireWritableDisk();
    const timeout = this.pragma('busy_timeout');
    this.db.pragma('busy_timeout = 0');
    try {
      this.db.transaction(() => sql.PROBES.forEach((statement) => this.prepare(statement).run())).immediate();
    } finally {
      this.db.pragma(`busy_timeout = ${timeout}`);
    }
  }

  async close(): Promise<void> {
    if (!this.dataSource.isInitialized) return;
    this.file.stop();
    await this.dataSource.destroy();
    this.file.close();
  }

  query(_scope: string, statement: string, params: readonly Param[]): Promise<unknown[]> {
    return this.attempt(() => this.run(statement, params));
  }

  scan(scope: string, statement: string, params: readonly Param[]): Promise<unknown[]> {
    return this.query(scope, statement, params);
  }

  private run(statement: string, params: readonly Param[]): unknown[] {
    const prepared = this.prepare(statement);
    if (prepared.reader) return prepared.all(...params);
    prepared.run(...params);
    return [];
  }

  /** Read one by one, so that of large rows no more are touched than are wanted. */
  measured(_scope: string, statement: Measured, bytes: number): Promise<unknown[]> {
    return this.attempt(() => {
      const rows: unknown[] = [];
      let length = 0;
      for (const row of this.prepare(statement.sql).iterate(...statement.params)) {
        rows.push(row);
        length += (row as Record<string, number>)[statement.length]!;
        if (length > bytes) break;
      }
      return rows;
    });
  }

  private before(tenant: string, touched: TouchedKeys): LockedState {
    const { atomeIds, ops, inheritanceRoots, adopting } = touched;
    const head = this.prepare(sql.SELECT_HEAD).get(tenant) as HeadRow | undefined;
    if (!head) throw new LedgerGone(tenant);
    const atome = this.prepare(sql.SELECT_ATOME);
    const atomes = atomeIds
      .map((id) => atome.get(tenant, id) as PartialAtomeRow | undefined)
      .filter((row) => row !== undefined);
    const read = (limit?: number): PartialAtomeRow[] => {
      if (!inheritanceRoots) return [];
      const params = sql.relativesParams(tenant, inheritanceRoots, limit);
      return this.prepare(sql.selectRelatives(this.textsOf)).all(...params) as PartialAtomeRow[];
    };
    const some = read();
    const found = withRelatives(atomes, needsAllRelatives(atomes, some, touched) ? read(sql.NO_LIMIT) : some);
    const document = this.prepare(sql.SELECT_DOCUMENT);
    const documents = missingDocuments(found, touched).map((id) => document.get(tenant, id) as ReadDocumentRow);
    const first = this.prepare(sql.SELECT_ALTERATION);
    return {
      head,
      creations: sql.met(touched, atomes).map((id) => first.get(tenant, id, 1) as AlterationRow),
      ...withDocuments(found, documents),
      receipts: ops.length === 0 ? [] : this.receipts(tenant, ops),
      ...(adopting && { descendants: this.descendants(tenant, adopting) }),
    };
  }

  private descendants(tenant: string, adopting: Adopting): number {
    const counted = this.prepare(sql.countDescendants(this.textsOf)).get(...sql.descendantsParams(tenant, adopting));
    return (counted as { count: number }).count;
  }

  private receipts(tenant: string, ops: TouchedKeys['ops']): IdempotencyRecord[] {
    return this.prepare(SELECT_RECEIPTS).all(...sql.receiptParams(tenant, ops)) as IdempotencyRecord[];
  }

  private add(tenant: string, { head, alterations, atomes, receipts, erased }: Additions): void {
    this.insert(ALTERATIONS, tenant, alterations);
    this.insert(ATOMES, tenant, atomes, sql.UPSERT_ATOME);
    this.insert(RECEIPTS, tenant, receipts);
    this.prepare(sql.UPDATE_HEAD).run(...headParams(tenant, head));
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

  private pragma(name: string): number {
    return this.db.pragma(name, { simple: true }) as number;
  }

  private insert<Row extends object>(table: Table<Row>, tenant: string, rows: readonly Row[], suffix = ''): void {
    const statement = this.prepare(
      `INSERT INTO ${table.name} ("tenant", ${table.columns.map((column) => `"${column}"`).join(', ')})
       VALUES (?${', ?'.repeat(table.columns.length)}) ${suffix}`,
    );
    for (const row of rows) statement.run(tenant, ...table.fields.map((field) => row[field]));
  }

  private prepare(statement: string): BetterSqlite3.Statement {
    let prepared = this.statements.get(statement);
    if (!prepared) {
      prepared = this.db.prepare(statement);
      this.statements.set(statement, prepared);
    }
    return prepared;
  }

  /** Acknowledged means durable, also after a power loss: only `synchronous=FULL` promises that in WAL mode. */
  private requireDurability(): void {
    const synchronous = this.db.pragma('synchronous', { simple: true });
    const journal = this.db.pragma('journal_mode', { simple: true });
    if (synchronous !== 2 || (journal !== 'wal' && !this.db.memory)) {
      throw new Error(
        `SQLite runs with synchronous=${String(synchronous)}, journal_mode=${String(journal)}; FULL and wal are needed`,
      );
    }
  }

  /** The calls are synchronous, the port is not: what one throws becomes a rejection. */
  private attempt<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        resolve(work());
      } catch (error) {
        reject(this.reported(translate(error)));
      }
    });
  }
}
