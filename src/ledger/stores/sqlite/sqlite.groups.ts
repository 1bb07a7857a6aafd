import type BetterSqlite3 from 'better-sqlite3';
import type { AlterationRow, HeadRow, IdempotencyRecord, PartialAtomeRow } from '../../rows.js';
import { LedgerGone } from '../../store-error.js';
import type { Additions, Erasure, LockedState, TouchedKeys } from '../../store.js';
import { ALTERATIONS, ATOMES, BASES, RECEIPTS, type Table } from '../columns.js';
import { compactionStatements } from '../compaction.sql.js';
import * as inheritance from '../inheritance.sql.js';
import {
  countedOf,
  headParams,
  descendantsOf,
  missingDocuments,
  withDocuments,
  withParents,
  type FoundAtomes,
  type DescendantsOfOwner,
  type ReadDocumentRow,
} from '../read-rows.js';
import * as sql from '../sql.js';
import { SQLITE_DIALECT } from './sqlite.dialect.js';
import { StatementCache } from './statement-cache.mjs';

/** CROSS JOIN: look up the few that are wanted, rather than walk the whole ledger. */
const SELECT_RECEIPTS = sql.selectReceipts(
  (table) => `FROM json_each(?) AS w CROSS JOIN ${table}
    WHERE op_id = w.value ->> 0 AND author = w.value ->> 1 AND tenant = ?`,
);

/** The INSERT of each table: its text is made once. */
const INSERT_ALTERATION = insertOf(ALTERATIONS);
const INSERT_ATOME = insertOf(ATOMES, sql.UPSERT_ATOME);
const INSERT_RECEIPT = insertOf(RECEIPTS);
const INSERT_BASE = insertOf(BASES);

/** What groups ask of a connection, which is in a transaction by then. */
export class SqliteGroups {
  private readonly statements = new StatementCache();

  constructor(private readonly db: BetterSqlite3.Database) {}

  /** @throws LedgerGone */
  before(tenant: string, touched: TouchedKeys): LockedState {
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
      creations: sql
        .met(touched, atomes)
        .map((id) => first.get(tenant, id, 1) as AlterationRow | undefined)
        .filter((row) => row !== undefined),
      ...withDocuments(found, documents),
      receipts: ops.length === 0 ? [] : this.receipts(tenant, ops),
      ...this.countDescendants(tenant, found, touched),
    };
  }

  private countDescendants(
    tenant: string,
    found: FoundAtomes,
    touched: TouchedKeys,
  ): Pick<LockedState, 'counted' | 'descendants'> | undefined {
    const counted = countedOf(found, touched);
    if (!counted) return undefined;
    const rows = this.prepare(inheritance.countDescendants(SQLITE_DIALECT.textsOf)).all(
      ...inheritance.descendantsParams(tenant, counted),
    );
    return descendantsOf(counted, rows as DescendantsOfOwner[]);
  }

  private receipts(tenant: string, ops: TouchedKeys['ops']): IdempotencyRecord[] {
    return this.prepare(SELECT_RECEIPTS).all(...sql.receiptParams(tenant, ops)) as IdempotencyRecord[];
  }

  add(tenant: string, additions: Additions): void {
    const { head, alterations, atomes, receipts, erased, compaction } = additions;
    this.insert(INSERT_ALTERATION, tenant, alterations);
    this.insert(INSERT_ATOME, tenant, atomes);
    this.insert(INSERT_RECEIPT, tenant, receipts);
    this.prepare(sql.UPDATE_HEAD).run(...headParams(tenant, head));
    for (const each of inheritance.propagationStatements(tenant, additions)) {
      this.prepare(each.sql).run(...each.params);
    }
    if (erased?.length) this.erase(tenant, erased);
    this.insert(INSERT_BASE, tenant, compaction?.bases ?? []);
    for (const each of compactionStatements(tenant, additions, SQLITE_DIALECT.pairsOf))
      this.prepare(each.sql).run(...each.params);
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

  private insert<Row extends object>({ text, fields }: Insert<Row>, tenant: string, rows: readonly Row[]): void {
    if (rows.length === 0) return;
    const statement = this.prepare(text);
    for (const row of rows) {
      const values: unknown[] = [tenant];
      for (const field of fields) values.push(row[field]);
      statement.run(...values);
    }
  }

  prepare(statement: string): BetterSqlite3.Statement {
    return this.statements.prepare(this.db, statement);
  }
}

interface Insert<Row> {
  readonly text: string;
  readonly fields: readonly (keyof Row & string)[];
}

function insertOf<Row>({ name, columns, fields }: Table<Row>, suffix = ''): Insert<Row> {
  const names = columns.map((column) => `, "${column}"`).join('');
  return { text: `INSERT INTO ${name} ("tenant"${names}) VALUES (?${', ?'.repeat(columns.length)}) ${suffix}`, fields };
}
