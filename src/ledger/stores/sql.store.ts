import { randomUUID } from 'node:crypto';
import { GENESIS_TIME, genesisHash } from '../integrity/hash-chain.js';
import {
  hasDocument,
  type AlterationRow,
  type AtomeHeaderRow,
  type AtomeRow,
  type DeltaRow,
  type DocumentRow,
  type HeadRow,
  type PartialAtomeRow,
  type ReadAtomeRow,
} from '../rows.js';
import { LedgerGone, StoreError, type Report } from '../store-error.js';
import {
  TooManyDescendants,
  type Additions,
  type LockedState,
  type InheritanceRoots,
  type LedgerStore,
  type ListQuery,
  type TouchedKeys,
} from '../store.js';
import type { Statement, Tables } from '../../database/tables.js';
import type { OwnedPage, AuditQuery, AuditRow } from '../audit-trail.js';
import type { Measured, Param } from './columns.js';
import { countList, selectList, type Dialect } from './list.sql.js';
import * as sql from './sql.js';

type ReadPartialRow = PartialAtomeRow & Pick<ReadAtomeRow, 'epoch'>;

const NO_BOUND = Number.MAX_SAFE_INTEGER;

/** What no tenant is called: a scope in which the heads of all can be read, and nothing else. */
export const ALL_HEADS = '*';

/** The reads of both stores, over one `query` that each database brings. */
export abstract class SqlStore implements LedgerStore, Tables {
  abstract readonly kind: LedgerStore['kind'];
  /** A subquery of the texts in a JSON array parameter. */
  protected abstract readonly textsOf: string;
  /** A subquery of the [id, version] pairs in a JSON array parameter. */
  protected abstract readonly pairsOf: string;
  protected abstract readonly dialect: Dialect;

  /** @param report is told of each fault of the database, for all who ask the store. */
  constructor(private readonly report: Report) {}

  /** @param scope the tenant whose rows the statement may see; {@link ALL_HEADS} for the heads of all. */
  protected abstract query(scope: string, statement: string, params: readonly Param[]): Promise<unknown[]>;
  /** The first rows of a statement, up to the one with which their lengths go beyond `bytes`. */
  protected abstract measured(scope: string, statement: Measured, bytes: number): Promise<unknown[]>;

  abstract commit<P extends { readonly additions: Additions | null }>(
    tenant: string,
    touched: TouchedKeys,
    plan: (before: LockedState) => P,
  ): Promise<P>;

  abstract transact(...statements: readonly Statement[]): Promise<unknown[][]>;

  abstract probe(): Promise<void>;

  abstract scrub(whole?: boolean): Promise<void>;

  abstract close(): Promise<void>;

  async open(tenant: string): Promise<HeadRow> {
    const head = await this.head(tenant);
    if (head) return head;
    const epoch = randomUUID();
    await this.query(tenant, sql.INSERT_LEDGER, [tenant, epoch, genesisHash(tenant, epoch), GENESIS_TIME]);
    // another process may have been first: what counts is what is there now
    const made = await this.head(tenant);
    if (!made) throw this.reported(new LedgerGone(tenant));
    return made;
  }

  async head(tenant: string): Promise<HeadRow | undefined> {
    const [row] = await this.query(tenant, sql.SELECT_HEAD, [tenant]);
    return row === undefined ? undefined : headRow(row as HeadRow);
  }

  async heads(tenants: readonly string[]): Promise<Map<string, HeadRow>> {
    const rows = await this.query(ALL_HEADS, sql.selectHeads(this.textsOf), [JSON.stringify(tenants)]);
    return new Map((rows as (HeadRow & { tenant: string })[]).map(({ tenant, ...head }) => [tenant, headRow(head)]));
  }

  async tenants(): Promise<string[]> {
    const rows = await this.query(ALL_HEADS, 'SELECT tenant FROM ledgers ORDER BY tenant', []);
    return (rows as { tenant: string }[]).map(({ tenant }) => tenant);
  }

  async atome(tenant: string, id: string, check?: (row: AtomeHeaderRow) => void): Promise<ReadAtomeRow | undefined> {
    if (check) {
      const [row] = (await this.query(tenant, sql.SELECT_PARTIAL_ATOME, [tenant, id])) as ReadPartialRow[];
      if (!row) return undefined;
      check(row);
      if (hasDocument(row)) return atomeRow(row);
    }
    const [row] = (await this.query(tenant, sql.SELECT_READ_ATOME, [tenant, id])) as ReadAtomeRow[];
    if (!row) return undefined;
    // it may have been written since
    check?.(row);
    return atomeRow(row);
  }

  async atomes(tenant: string, ids: readonly string[]): Promise<AtomeRow[]> {
    const rows = await this.query(tenant, sql.selectAtomes(this.textsOf), [tenant, JSON.stringify(ids)]);
    return (rows as AtomeRow[]).map(atomeRow);
  }

  async headers(tenant: string, ids: readonly string[]): Promise<AtomeHeaderRow[]> {
    if (ids.length === 0) return [];
    return (await this.query(tenant, sql.selectHeaders(this.textsOf), [
      tenant,
      JSON.stringify(ids),
    ])) as AtomeHeaderRow[];
  }

  async list(tenant: string, query: ListQuery, bytes = NO_BOUND): Promise<AtomeRow[]> {
    const rows = await this.measured(tenant, selectList(tenant, query, this.dialect), bytes);
    return (rows as AtomeRow[]).map(atomeRow);
  }

  async count(tenant: string, query: ListQuery): Promise<number> {
    const statement = countList(tenant, query, this.dialect);
    const [row] = await this.query(tenant, statement.sql, statement.params);
    return Number((row as { total: unknown }).total);
  }

  async atomesAfter(
    tenant: string,
    after: string,
    kinds: readonly string[] | undefined,
    limit: number,
    bytes = NO_BOUND,
  ): Promise<AtomeRow[]> {
    const rows = await this.measured(tenant, sql.selectAtomesAfter(tenant, after, kinds, limit), bytes);
    return (rows as AtomeRow[]).map(atomeRow);
  }

  alterations(tenant: string, after: number, upTo: number, limit: number, chars: number): Promise<AlterationRow[]> {
    return this.rows(tenant, sql.SELECT_PAGE, [tenant, after, upTo, limit, chars]);
  }

  newest(tenant: string, after: number, upTo: number, limit: number, chars: number): Promise<AlterationRow[]> {
    return this.rows(tenant, sql.SELECT_NEWEST, [tenant, after, upTo, limit, chars]);
  }

  async alteration(tenant: string, atomeId: string, version: number): Promise<AlterationRow | undefined> {
    return (await this.rows(tenant, sql.SELECT_ALTERATION, [tenant, atomeId, version]))[0];
  }

  versions(tenant: string, atomeId: string, from: number, to: number): Promise<AlterationRow[]> {
    return this.rows(tenant, sql.SELECT_VERSIONS, [tenant, atomeId, from, to]);
  }

  async history(tenant: string, atomeId: string, from: number, to: number, bytes: number): Promise<AlterationRow[]> {
    const rows = await this.measured(tenant, sql.selectHistory(tenant, atomeId, from, to), bytes);
    return (rows as AlterationRow[]).map(alterationRow);
  }

  async deltaChain(tenant: string, wanted: readonly (readonly [string, number])[]): Promise<DeltaRow[]> {
    if (wanted.length === 0) return [];
    const rows = await this.query(tenant, sql.selectDeltaChain(this.pairsOf), [JSON.stringify(wanted), tenant]);
    return (rows as DeltaRow[]).map((row) => numbers(row, ['seq']));
  }

  async auditRows(tenant: string, query: AuditQuery): Promise<AuditRow[]> {
    const statement = sql.selectAuditRows(tenant, query);
    return ((await this.query(tenant, statement.sql, statement.params)) as AuditRow[]).map((row) =>
      numbers(row, ['seq']),
    );
  }

  async owned(tenant: string, ownerId: string, after: string): Promise<OwnedPage> {
    const [end] = (await this.query(tenant, sql.SELECT_RANGE_END, [tenant, after])) as { id: string }[];
    const bounds = end ? [after, end.id] : [after];
    const rows = await this.query(tenant, sql.selectOwned(end !== undefined), [tenant, ...bounds, ownerId]);
    return { ids: (rows as { id: string }[]).map(({ id }) => id), next: end?.id ?? null };
  }

  async hashAt(tenant: string, seq: number): Promise<string | undefined> {
    const [row] = await this.query(tenant, sql.SELECT_HASH, [tenant, seq]);
    return (row as { hash: string } | undefined)?.hash;
  }

  /** Reports a fault of the database, and hands the error on. */
  protected reported<E>(error: E): E {
    if (error instanceof StoreError) this.report(error.fault.kind, error.line);
    return error;
  }

  private async rows(tenant: string, statement: string, params: readonly Param[]): Promise<AlterationRow[]> {
    return ((await this.query(tenant, statement, params)) as AlterationRow[]).map(alterationRow);
  }
}

/** PostgreSQL hands 64-bit integers over as text; ours stay far below 2^53. */
export function numbers<Row extends object>(row: Row, fields: readonly (keyof Row)[]): Row {
  for (const field of fields) (row[field] as unknown) = Number(row[field]);
  return row;
}

export function headRow(row: HeadRow): HeadRow {
  return numbers(row, ['seq', 'atomes', 'bytes']);
}

/** What {@link sql.UPDATE_HEAD} wants. */
export function headParams(tenant: string, { seq, hash, timestamp, atomes, bytes }: HeadRow): Param[] {
  return [seq, hash, timestamp, atomes, bytes, tenant];
}

export function atomeRow<Row extends PartialAtomeRow>(row: Row): Row {
  return numbers(row, ['seq', 'createdSeq']);
}

export function alterationRow(row: AlterationRow): AlterationRow {
  return numbers(row, ['seq']);
}

export type FoundAtomes = Pick<LockedState, 'atomes'>;

/** Rows that were asked for, with their relatives. @throws TooManyDescendants */
export function withRelatives(
  atomes: readonly PartialAtomeRow[],
  related: readonly PartialAtomeRow[],
  inheritanceRoots: InheritanceRoots | undefined,
): FoundAtomes {
  const known = new Set(atomes.map(({ id }) => id));
  const more = related.filter(({ id }) => !known.has(id));
  if (inheritanceRoots && related.length > sql.maxRelatives(inheritanceRoots)) throw new TooManyDescendants();
  return { atomes: [...atomes, ...more] };
}

/** The ids of the atomes whose documents have not been read and are needed: with one that changes its rights all its heirs'. */
export function missingDocuments(
  { atomes }: FoundAtomes,
  { inheritanceRoots, isWanted = () => true }: TouchedKeys,
): string[] {
  const missing = atomes.filter((row) => !hasDocument(row));
  if (missing.length === 0) return [];
  const roots = new Set(inheritanceRoots && [...inheritanceRoots.shared, ...inheritanceRoots.moved]);
  const isPassedOn = roots.size > 0 && atomes.some((row) => roots.has(row.id) && isWanted(row));
  return missing.filter((row) => (isPassedOn && row.heirOf !== null) || isWanted(row)).map(({ id }) => id);
}

export type ReadDocumentRow = DocumentRow & Pick<AtomeRow, 'id'>;

/** Rows, with the documents that were read behind them. */
export function withDocuments(found: FoundAtomes, documents: readonly ReadDocumentRow[]): FoundAtomes {
  if (documents.length === 0) return found;
  const byId = new Map(documents.map((row) => [row.id, row]));
  return { atomes: found.atomes.map((row) => ({ ...row, ...byId.get(row.id) })) };
}
