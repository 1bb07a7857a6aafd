import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { AtomeError } from '../../protocol/index.js';
import type { AlterationRow, AtomeRow, HeadRow, ReceiptRow } from '../rows.js';
import type { Additions, Before, Touched } from '../store.js';
import * as sql from './sql.js';
import { atomeRow, ledgerGone, numbers, SqlStore } from './sql.store.js';

/**
 * The store for production. A group takes the tenant's head row `FOR UPDATE` and keeps it to the commit, so
 * that seq order is commit order: a sequence, or an id taken before the commit, would let a reader skip a
 * row that commits late.
 */
export class PostgresStore extends SqlStore {
  readonly kind = 'postgres';
  protected readonly textsOf = 'SELECT json_array_elements_text(?::json)';
  protected readonly pairsOf =
    '(SELECT value->>0 AS id, (value->>1)::integer AS version FROM json_array_elements(?::json))';
  private readonly pool: pg.Pool;

  constructor(private readonly dataSource: DataSource) {
    super();
    this.pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
  }

  async commit<P extends { readonly additions: Additions | null }>(
    tenant: string,
    touched: Touched,
    plan: (before: Before) => P,
  ): Promise<P> {
    return this.attempt(async () => {
      const client = await this.pool.connect();
      let broken: unknown;
      try {
        await client.query('BEGIN');
        const planned = plan(await this.before(client, tenant, touched));
        if (planned.additions) await this.add(client, tenant, planned.additions);
        await client.query('COMMIT');
        return planned;
      } catch (error) {
        broken = await rollback(client);
        throw error;
      } finally {
        // a connection that cannot even roll back is thrown away
        client.release(broken !== undefined);
      }
    });
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  protected query(statement: string, params: readonly sql.Param[]): Promise<unknown[]> {
    return this.attempt(async () => (await this.pool.query(numbered(statement), [...params])).rows as unknown[]);
  }

  private async before(client: pg.PoolClient, tenant: string, { atomeIds, opIds }: Touched): Promise<Before> {
    const rows = async <Row>(name: string, text: string, values: readonly sql.Param[]): Promise<Row[]> =>
      (await client.query({ name, text: numbered(text), values: [...values] })).rows as Row[];
    // the lock first: what is read after it cannot be older than what the last holder committed
    const [head] = await rows<HeadRow>('head', `${sql.SELECT_HEAD} FOR UPDATE`, [tenant]);
    if (!head) throw ledgerGone(tenant);
    const ids = JSON.stringify(opIds);
    const atomes = rows<AtomeRow>(
      'atomes',
      `SELECT ${sql.ATOME_COLUMNS} FROM atomes WHERE tenant = ? AND id IN (${this.textsOf})`,
      [tenant, JSON.stringify(atomeIds)],
    );
    const receipts =
      opIds.length === 0
        ? []
        : rows<ReceiptRow>('receipts', sql.selectReceipts(this.textsOf), [tenant, ids, tenant, ids]);
    return {
      head: numbers(head, ['seq']),
      atomes: (await atomes).map(atomeRow),
      receipts: (await receipts).map((row) => numbers(row, ['seq'])),
    };
  }

  private async add(client: pg.PoolClient, tenant: string, additions: Additions): Promise<void> {
    const { head, alterations, atomes, receipts } = additions;
    await Promise.all([
      insert(client, sql.ALTERATIONS, tenant, alterations),
      insert(client, sql.ATOMES, tenant, atomes, sql.UPSERT_ATOME),
      insert(client, sql.RECEIPTS, tenant, receipts),
      client.query({
        name: 'move head',
        text: numbered(sql.UPDATE_HEAD),
        values: [head.seq, head.hash, head.timestamp, tenant],
      }),
    ]);
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translate(error);
    }
  }
}

/** All rows in one statement: one JSON parameter, read as a table. */
async function insert<Row extends object>(
  client: pg.PoolClient,
  table: sql.Table<Row>,
  tenant: string,
  rows: readonly Row[],
  suffix = '',
): Promise<void> {
  if (rows.length === 0) return;
  const columns = table.columns.map((column) => `"${column}"`).join(', ');
  const fields = table.fields.map((field) => `r."${field}"`).join(', ');
  await client.query({
    name: `insert ${table.name}`,
    text: `INSERT INTO ${table.name} ("tenant", ${columns})
      SELECT $1, ${fields} FROM json_to_recordset($2::json) AS r(${recordTypes(table)}) ${suffix}`,
    values: [tenant, JSON.stringify(rows)],
  });
}

const INTEGERS: ReadonlySet<string> = new Set(['seq', 'createdSeq', 'version', 'base', 'size', 'weight']);

function recordTypes(table: sql.Table<AlterationRow & AtomeRow>): string;
function recordTypes<Row>(table: sql.Table<Row>): string;
function recordTypes(table: { readonly fields: readonly string[] }): string {
  return table.fields.map((field) => `"${field}" ${INTEGERS.has(field) ? 'bigint' : 'text'}`).join(', ');
}

/** The error of a rollback that failed, or undefined. */
async function rollback(client: pg.PoolClient): Promise<unknown> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error;
  }
}

/** `?` to `$1`, `$2` …; none of our statements has a question mark of its own. */
function numbered(statement: string): string {
  let count = 0;
  return statement.replace(/\?/g, () => `$${++count}`);
}

const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
]);

function translate(error: unknown): unknown {
  if (error instanceof AtomeError) return error;
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (code === '53100') {
    return new AtomeError('storage_full', 'the disk of the database is full; try again when there is space');
  }
  // class 08: connection, 57P: shutdown, 53: out of resources, 40: deadlock or serialization, 55P03: lock timeout
  const passing = typeof code === 'string' && (/^(?:08|57P|53|40|55P03)/.test(code) || CONNECTION_CODES.has(code));
  if (
    passing ||
    /terminated|timeout exceeded when trying to connect|Cannot use a pool after calling end/i.test(message)
  ) {
    return new AtomeError('unavailable', 'the database cannot be reached; try again');
  }
  return error;
}
