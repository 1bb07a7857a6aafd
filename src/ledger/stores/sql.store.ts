import { randomUUID } from 'node:crypto';
import { GENESIS_TIME, genesisHash } from '../chain.js';
import type { AlterationRow, AtomeRow, HeadRow } from '../rows.js';
import { AtomeError } from '../../protocol/index.js';
import type { OwnedPage, TrailQuery, TrailRow } from '../trail.js';
import type { Additions, Before, LedgerStore, ListQuery, Touched } from '../store.js';
import * as sql from './sql.js';

/** What no tenant is called: a scope in which the heads of all can be read, and nothing else. */
export const ALL_HEADS = '*';

/** The reads of both stores, over one `query` that each database brings. */
export abstract class SqlStore implements LedgerStore {
  abstract readonly kind: LedgerStore['kind'];
  /** A subquery of the texts in a JSON array parameter. */
  protected abstract readonly textsOf: string;
  /** A subquery of the [id, version] pairs in a JSON array parameter. */
  protected abstract readonly pairsOf: string;
  /** `data` in lower case, for every alphabet. */
  protected abstract readonly lowerData: string;

  /** @param scope the tenant whose rows the statement may see; {@link ALL_HEADS} for the heads of all. */
  protected abstract query(scope: string, statement: string, params: readonly sql.Param[]): Promise<unknown[]>;

  abstract commit<P extends { readonly additions: Additions | null }>(
    tenant: string,
    touched: Touched,
    plan: (before: Before) => P,
  ): Promise<P>;

  abstract scrub(whole?: boolean): Promise<void>;

  abstract close(): Promise<void>;

  async open(tenant: string): Promise<HeadRow> {
    const head = await this.head(tenant);
    if (head) return head;
    const epoch = randomUUID();
    await this.query(tenant, sql.INSERT_LEDGER, [tenant, epoch, genesisHash(tenant, epoch), GENESIS_TIME]);
    // another process may have been first: what counts is what is there now
    return (await this.head(tenant))!;
  }

  async head(tenant: string): Promise<HeadRow | undefined> {
    const [row] = await this.query(tenant, sql.SELECT_HEAD, [tenant]);
    return row === undefined ? undefined : numbers(row as HeadRow, ['seq']);
  }

  async heads(tenants: readonly string[]): Promise<Map<string, HeadRow>> {
    const rows = await this.query(ALL_HEADS, sql.selectHeads(this.textsOf), [JSON.stringify(tenants)]);
    return new Map(
      (rows as (HeadRow & { tenant: string })[]).map(({ tenant, ...head }) => [tenant, numbers(head, ['seq'])]),
    );
  }

  async tenants(): Promise<string[]> {
    const rows = await this.query(ALL_HEADS, 'SELECT tenant FROM ledgers ORDER BY tenant', []);
    return (rows as { tenant: string }[]).map(({ tenant }) => tenant);
  }

  async atome(tenant: string, id: string): Promise<AtomeRow | undefined> {
    return (await this.atomes(tenant, sql.SELECT_ATOME, [tenant, id]))[0];
  }

  async list(tenant: string, query: ListQuery): Promise<AtomeRow[]> {
    const statement = sql.selectList(tenant, query, this.lowerData);
    return this.atomes(tenant, statement.sql, statement.params);
  }

  async count(tenant: string, query: ListQuery): Promise<number> {
    const statement = sql.countList(tenant, query, this.lowerData);
    const [row] = await this.query(tenant, statement.sql, statement.params);
    return Number((row as { total: unknown }).total);
  }

  async atomesAfter(
    tenant: string,
    after: string,
    kinds: readonly string[] | undefined,
    limit: number,
  ): Promise<AtomeRow[]> {
    const statement = sql.selectAtomesAfter(tenant, after, kinds, limit);
    return this.atomes(tenant, statement.sql, statement.params);
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

  async lineage(tenant: string, wanted: readonly (readonly [string, number])[]): Promise<AlterationRow[]> {
    if (wanted.length === 0) return [];
    return this.rows(tenant, sql.selectLineage(this.pairsOf), [JSON.stringify(wanted), tenant]);
  }

  async trail(tenant: string, query: TrailQuery): Promise<TrailRow[]> {
    const statement = sql.selectTrail(tenant, query);
    return ((await this.query(tenant, statement.sql, statement.params)) as TrailRow[]).map((row) =>
      numbers(row, ['seq']),
    );
  }

  async owned(tenant: string, ownerId: string, after: string): Promise<OwnedPage> {
    const [end] = (await this.query(tenant, sql.SELECT_STRETCH_END, [tenant, after])) as { id: string }[];
    const bounds = end ? [after, end.id] : [after];
    const rows = await this.query(tenant, sql.selectOwned(end !== undefined), [tenant, ...bounds, ownerId]);
    return { ids: (rows as { id: string }[]).map(({ id }) => id), next: end?.id ?? null };
  }

  async hashAt(tenant: string, seq: number): Promise<string | undefined> {
    const [row] = await this.query(tenant, sql.SELECT_HASH, [tenant, seq]);
    return (row as { hash: string } | undefined)?.hash;
  }

  async ping(): Promise<void> {
    await this.query(ALL_HEADS, 'SELECT 1', []);
  }

  private async atomes(tenant: string, statement: string, params: readonly sql.Param[]): Promise<AtomeRow[]> {
    return ((await this.query(tenant, statement, params)) as AtomeRow[]).map(atomeRow);
  }

  private async rows(tenant: string, statement: string, params: readonly sql.Param[]): Promise<AlterationRow[]> {
    return ((await this.query(tenant, statement, params)) as AlterationRow[]).map(alterationRow);
  }
}

/** PostgreSQL hands 64-bit integers over as text; ours stay far below 2^53. */
export function numbers<Row extends object>(row: Row, fields: readonly (keyof Row)[]): Row {
  for (const field of fields) (row[field] as unknown) = Number(row[field]);
  return row;
}

export function atomeRow(row: AtomeRow): AtomeRow {
  return numbers(row, ['seq', 'createdSeq']);
}

export function alterationRow(row: AlterationRow): AlterationRow {
  return numbers(row, ['seq']);
}

/** Somebody has emptied the database under the server. */
export function ledgerGone(tenant: string): AtomeError {
  return new AtomeError('unavailable', `the ledger of "${tenant}" has gone from the database`);
}
