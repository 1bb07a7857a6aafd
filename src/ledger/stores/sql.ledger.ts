import { randomUUID } from 'node:crypto';
import { GENESIS_TIME, genesisHash } from '../integrity/hash-chain.js';
import {
  hasDocument,
  type AlterationRow,
  type AtomeHeaderRow,
  type AtomeRow,
  type DeltaRow,
  type HeadRow,
  type PropagationRow,
  type ReadAtomeRow,
} from '../rows.js';
import type { PartialAtomeRow } from '../rows.js';
import type { AuditQuery, AuditRow, OwnedPage } from '../audit-trail.js';
import { isHeavy, isInOrder } from '../read-weights.js';
import { LedgerGone } from '../store-error.js';
import type {
  IdPage,
  LedgerAlterations,
  LedgerAtomes,
  LedgerAudit,
  LedgerWrites,
  ListQuery,
  LockedState,
  NextHeirs,
  Planned,
  SeqPage,
  TenantLedger,
  Total,
  TouchedKeys,
  VersionRange,
} from '../store.js';
import type { Measured, Param, Scan, Statement } from './columns.js';
import { SELECT_HEIRS, SELECT_PROPAGATION } from './inheritance.sql.js';
import type { FieldIndexKeeper } from './field-indexes.keeper.js';
import type { IndexUse } from './index-use.js';
import { countFound, countList, selectBound, selectList, type Dialect, type FoundQuery } from './list.sql.js';
import { alterationRow, atomeRow, headRow, numbers } from './read-rows.js';
import { SELECT_RECEIPT_BYTES } from './row-bytes.sql.js';
import { selectSorted } from './sort.sql.js';
import { isShorter, MAX_FOUND, type Found } from './search.js';
import * as sql from './sql.js';

/** What each database brings: it runs statements for one tenant, and says what it says in ways of its own. */
export interface SqlDatabase {
  /** A subquery of the texts in a JSON array parameter. */
  readonly textsOf: string;
  /** A subquery of the [id, version] pairs in a JSON array parameter. */
  readonly pairsOf: string;
  readonly dialect: Dialect;
  readonly fields: FieldIndexKeeper;
  /** A statement that reads or writes a bounded number of rows by their keys. @param scope the tenant whose rows it may see. */
  query(scope: string, statement: string, params: readonly Param[]): Promise<unknown[]>;
  /** A statement that may read many rows. */
  scan(scope: string, scan: Scan): Promise<unknown[]>;
  /** The first rows of a statement, up to the one with which their lengths go beyond `bytes`. */
  measured(scope: string, statement: Measured, bytes: number): Promise<unknown[]>;
  /** What an index has found of a text; undefined when there is none, or when it is of no help. */
  find(scope: string, words: string): Promise<Found | undefined>;
  commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P>;
  /** Reports a fault of the database, and hands the error on. */
  reported<E>(error: E): E;
}

type ReadPartialRow = PartialAtomeRow & Pick<ReadAtomeRow, 'epoch'>;

const NO_BOUND = Number.MAX_SAFE_INTEGER;

/** One tenant's ledger in SQL. Its parts are made when they are asked for: most who ask want one. */
export class SqlLedger implements TenantLedger {
  constructor(
    private readonly database: SqlDatabase,
    readonly tenant: string,
  ) {}

  get write(): LedgerWrites {
    return new SqlWrites(this.database, this.tenant);
  }

  get atomes(): LedgerAtomes {
    return new SqlAtomes(this.database, this.tenant);
  }

  get alterations(): LedgerAlterations {
    return new SqlAlterations(this.database, this.tenant);
  }

  get audit(): LedgerAudit {
    return new SqlAudit(this.database, this.tenant);
  }
}

/** A part of a ledger: each of its statements is about this tenant, and sees no row of another. */
abstract class Part {
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

class SqlWrites extends Part implements LedgerWrites {
  async head(): Promise<HeadRow | undefined> {
    const [row] = await this.query<HeadRow>(sql.SELECT_HEAD, this.tenant);
    return row && headRow(row);
  }

  async open(): Promise<HeadRow> {
    const head = await this.head();
    if (head) return head;
    const { tenant } = this;
    const epoch = randomUUID();
    await this.query(sql.INSERT_LEDGER, tenant, epoch, genesisHash(tenant, epoch), GENESIS_TIME);
    // another process may have been first: what counts is what is there now
    const made = await this.head();
    if (!made) throw this.database.reported(new LedgerGone(tenant));
    return made;
  }

  commit<P extends Planned>(touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    return this.database.commit(this.tenant, touched, plan);
  }

  async nextHeirs(limit: number, bytes: number): Promise<NextHeirs | undefined> {
    const [row] = await this.query<PropagationRow>(SELECT_PROPAGATION, this.tenant);
    if (!row) return undefined;
    const propagation = numbers(row, ['seq']);
    const { parentId, afterId } = propagation;
    const heirs = await this.query<Pick<AtomeRow, 'id' | 'size'>>(SELECT_HEIRS, this.tenant, parentId, afterId, limit);
    const ids: string[] = [];
    for (let left = bytes; ids.length < heirs.length && (ids.length === 0 || left > 0);) {
      const { id, size } = heirs[ids.length]!;
      ids.push(id);
      left -= size;
    }
    return { propagation, ids, isEnd: heirs.length < limit && ids.length === heirs.length };
  }
}

class SqlAtomes extends Part implements LedgerAtomes {
  async get(id: string, check?: (row: AtomeHeaderRow) => void, isWhole = false): Promise<ReadAtomeRow | undefined> {
    if (check) {
      const [row] = await this.query<ReadPartialRow>(sql.SELECT_PARTIAL_ATOME, this.tenant, id);
      if (!row) return undefined;
      check(row);
      if (hasDocument(row) && !isWhole) return atomeRow(row);
    }
    const [row] = await this.query<ReadAtomeRow>(
      isWhole ? sql.SELECT_WHOLE_ATOME : sql.SELECT_READ_ATOME,
      this.tenant,
      id,
    );
    if (!row) return undefined;
    // it may have been written since
    check?.(row);
    return atomeRow(row);
  }

  async some(ids: readonly string[]): Promise<AtomeRow[]> {
    const statement = sql.selectAtomes(this.database.textsOf);
    const wanted = JSON.stringify(ids);
    return (await this.scan<AtomeRow>(isHeavy.atomes.some(ids), statement, this.tenant, wanted)).map(atomeRow);
  }

  async headers(ids: readonly string[]): Promise<AtomeHeaderRow[]> {
    if (ids.length === 0) return [];
    return this.query<AtomeHeaderRow>(sql.selectHeaders(this.database.textsOf), this.tenant, JSON.stringify(ids));
  }

  async list(query: ListQuery, bytes?: number): Promise<AtomeRow[]> {
    const searched = await this.find(query);
    const found =
      searched && (!isInOrder(query) || isShorter(searched, query.offset + query.limit)) ? searched : undefined;
    const index = await this.indexFor(query);
    const select = query.sort ? selectSorted : selectList;
    const statement = select(this.tenant, { ...query, found, index }, this.database.dialect);
    const rows = await this.measured<AtomeRow>(isHeavy.atomes.list(query), statement, bytes);
    if (rows.length === 0 && (await this.isLost(index))) return this.list(query, bytes);
    return rows.map(atomeRow);
  }

  async count(query: ListQuery): Promise<number> {
    const index = this.database.fields.usesOf(query).where;
    const total = await this.countBehind(0, { ...query, found: await this.find(query), index });
    return total === 0 && (await this.isLost(index)) ? this.count(query) : total;
  }

  async countNewest(query: ListQuery, most: number): Promise<Total> {
    const index = query.visibleTo ? undefined : this.database.fields.usesOf(query).where;
    if (index) return this.countIndexed({ ...query, index }, most);
    const found = await this.find(query);
    // it finds so few only where it is of help
    const bound = found ? undefined : selectBound(this.tenant, query, most);
    const [last] = bound ? await this.scan<{ seq: unknown }>(true, bound.sql, ...bound.params) : [];
    // of so many rows those that may be read tell how many may not
    if (last && query.visibleTo) return { total: 0, isExact: false };
    const total = await this.countBehind(Number(last?.seq ?? 0), { ...query, found });
    return last ? { total: Math.min(total, most), isExact: false } : { total, isExact: true };
  }

  private async countBehind(seq: number, query: FoundQuery): Promise<number> {
    return this.totalOf(countList(this.tenant, query, this.database.dialect, seq));
  }

  private async countIndexed(query: FoundQuery, most: number): Promise<Total> {
    const total = await this.totalOf(countFound(this.tenant, query, most, this.database.dialect));
    if (total === 0 && (await this.isLost(query.index))) return this.countNewest(query, most);
    return { total: Math.min(total, most), isExact: total <= most };
  }

  private async totalOf({ sql: statement, params }: Statement): Promise<number> {
    const [row] = await this.scan<{ total: unknown }>(true, statement, ...params);
    return Number(row!.total);
  }

  /** The index that leads to a page: what it finds is sorted, unless it is in order, or so much that a walk in order finds a page soon. */
  private async indexFor(query: ListQuery): Promise<IndexUse | undefined> {
    const { order, where } = this.database.fields.usesOf(query);
    if (!where || order?.bounds) return order;
    if (where.isOneValue && !query.sort && query.sortBy === 'updatedAt') return where;
    if (!order && query.sort) return where;
    const count = await this.totalOf(countFound(this.tenant, { ...query, index: where }, MAX_FOUND));
    return count <= MAX_FOUND ? where : order;
  }

  /** Whether nothing was found because the index is not there any more. */
  private async isLost(index: IndexUse | undefined): Promise<boolean> {
    return index !== undefined && !(await this.database.fields.isStill(index.name));
  }

  /** What an index has found for a search, unless it has followed another ledger than that which is here. */
  private async find({ search }: ListQuery): Promise<Found | undefined> {
    const found = search === undefined ? undefined : await this.database.find(this.tenant, search);
    if (!found) return undefined;
    const [row] = await this.query<{ hash: string }>(sql.SELECT_HASH, this.tenant, found.upTo);
    return row?.hash === found.hash ? found : undefined;
  }

  async after(page: IdPage): Promise<AtomeRow[]> {
    const statement = sql.selectAtomesAfter(this.tenant, page);
    return (await this.measured<AtomeRow>(isHeavy.atomes.after(page), statement, page.bytes)).map(atomeRow);
  }
}

class SqlAlterations extends Part implements LedgerAlterations {
  page(page: SeqPage): Promise<AlterationRow[]> {
    return this.pageOf(isHeavy.alterations.page(page), sql.SELECT_PAGE, page);
  }

  newest(page: SeqPage): Promise<AlterationRow[]> {
    return this.pageOf(isHeavy.alterations.newest(page), sql.SELECT_NEWEST, page);
  }

  async version(atomeId: string, version: number): Promise<AlterationRow | undefined> {
    const [row] = await this.query<AlterationRow>(sql.SELECT_ALTERATION, this.tenant, atomeId, version);
    return row && alterationRow(row);
  }

  async versions(atomeId: string, range: VersionRange): Promise<AlterationRow[]> {
    const heavy = isHeavy.alterations.versions(atomeId, range);
    const params = [this.tenant, atomeId, range.from, range.to];
    return (await this.scan<AlterationRow>(heavy, sql.SELECT_VERSIONS, ...params)).map(alterationRow);
  }

  async history(atomeId: string, range: VersionRange & { bytes: number }): Promise<AlterationRow[]> {
    const statement = sql.selectHistory(this.tenant, atomeId, range.from, range.to);
    const heavy = isHeavy.alterations.history(atomeId, range);
    return (await this.measured<AlterationRow>(heavy, statement, range.bytes)).map(alterationRow);
  }

  async deltaChain(wanted: readonly (readonly [string, number])[]): Promise<DeltaRow[]> {
    if (wanted.length === 0) return [];
    const statement = sql.selectDeltaChain(this.database.pairsOf);
    const heavy = isHeavy.alterations.deltaChain(wanted);
    const rows = await this.scan<DeltaRow>(heavy, statement, JSON.stringify(wanted), this.tenant);
    return rows.map((row) => numbers(row, ['seq']));
  }

  private async pageOf(heavy: boolean, statement: string, page: SeqPage): Promise<AlterationRow[]> {
    const { after, upTo, limit, chars } = page;
    const rows = await this.scan<AlterationRow>(heavy, statement, this.tenant, after, upTo, limit, chars);
    return rows.map(alterationRow);
  }
}

class SqlAudit extends Part implements LedgerAudit {
  async rows(query: AuditQuery): Promise<AuditRow[]> {
    const statement = sql.selectAuditRows(this.tenant, query);
    const rows = await this.scan<AuditRow>(isHeavy.audit.rows(query), statement.sql, ...statement.params);
    return rows.map((row) => numbers(row, ['seq']));
  }

  async owned(ownerId: string, after: string): Promise<OwnedPage> {
    const heavy = isHeavy.audit.owned(ownerId, after);
    const [end] = await this.scan<{ id: string }>(heavy, sql.SELECT_RANGE_END, this.tenant, after);
    const bounds = end ? [after, end.id] : [after];
    const statement = sql.selectOwned(end !== undefined);
    const rows = await this.scan<{ id: string }>(heavy, statement, this.tenant, ...bounds, ownerId);
    return { ids: rows.map(({ id }) => id), next: end?.id ?? null };
  }

  async receiptBytes(): Promise<number> {
    const [row] = await this.scan<{ bytes: unknown }>(isHeavy.audit.receiptBytes(), SELECT_RECEIPT_BYTES, this.tenant);
    return Number(row!.bytes);
  }

  async hashAt(seq: number): Promise<string | undefined> {
    const [row] = await this.query<{ hash: string }>(sql.SELECT_HASH, this.tenant, seq);
    return row?.hash;
  }
}
