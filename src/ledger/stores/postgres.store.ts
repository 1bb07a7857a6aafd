import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { AtomeError } from '../../protocol/index.js';
import type { AlterationRow, AtomeRow, HeadRow, ReceiptRow } from '../rows.js';
import type { Additions, Before, Touched } from '../store.js';
import type { Statement } from '../tables.js';
import * as sql from './sql.js';
import {
  ALL_HEADS,
  alterationRow,
  atomeRow,
  headParams,
  headRow,
  ledgerGone,
  numbers,
  SqlStore,
  withFamilies,
} from './sql.store.js';

export interface PostgresOptions {
  /** One that knows every alphabet, for search; the database's own may know ASCII only. */
  readonly collation?: string | undefined;
  /** How long one statement may take, a lock may be waited for included, in milliseconds. */
  readonly deadlineMs?: number;
}

/**
 * Acknowledged means durable, whatever the database's own setting is. A process that stalls within a
 * transaction loses it, and with it the tenant's lock.
 */
const BEGIN = `BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL idle_in_transaction_session_timeout = '10s'`;

const TEXTS_OF = 'SELECT json_array_elements_text(?::json)';

// An array, here and for pairs: a set out of JSON is taken for a hundred rows, which, as long as a table has not been
// analysed, seem to be worth walking the whole ledger.
const SELECT_RECEIPTS = sql.selectReceipts(
  (table) => `FROM ${table} WHERE op_id = ANY(ARRAY(${TEXTS_OF})) AND tenant = ?`,
);

const SELECT_CREATIONS = `SELECT ${sql.ALTERATION_COLUMNS} FROM alterations
  WHERE tenant = ? AND atome_id = ANY(ARRAY(${TEXTS_OF})) AND version = 1`;

/**
 * The store for production. A group takes the tenant's head row `FOR UPDATE` and keeps it to the commit, so
 * that seq order is commit order: a sequence, or an id taken before the commit, would let a reader skip a
 * row that commits late.
 */
export class PostgresStore extends SqlStore {
  readonly kind = 'postgres';
  protected readonly textsOf = TEXTS_OF;
  // OFFSET 0: under row-level security a row is looked up by values that are there, not by functions yet to be called
  protected readonly pairsOf =
    '(SELECT value->>0 AS id, (value->>1)::integer AS version FROM unnest(ARRAY(SELECT json_array_elements(?::json))) AS value OFFSET 0)';
  protected readonly dialect: sql.Dialect;
  private readonly pool: pg.Pool;
  private readonly deadlineMs: number;
  /** Whose rows each connection may see; see {@link enter}. */
  private readonly scopes = new WeakMap<pg.PoolClient, string>();

  constructor(
    private readonly dataSource: DataSource,
    { collation, deadlineMs = 60_000 }: PostgresOptions = {},
  ) {
    super();
    const lowerData = collation === undefined ? 'lower(data)' : `lower(data COLLATE "${collation}")`;
    this.dialect = {
      lowerData,
      namesReader: `EXISTS (SELECT 1 FROM json_array_elements_text(?::json) AS name WHERE strpos(readers, name) > 0)`,
      unwalked: (column) => column,
    };
    this.pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
    this.deadlineMs = deadlineMs;
    // a connection that breaks says so here too; unheard, be it between the pool's hands and ours, that ends the process
    this.pool.on('acquire', (client) => client.on('error', unheard));
    this.pool.on('release', (_error, client) => client.off('error', unheard));
  }

  async commit<P extends { readonly additions: Additions | null }>(
    tenant: string,
    touched: Touched,
    plan: (before: Before) => P,
  ): Promise<P> {
    return this.transaction(tenant, async (client) => {
      const planned = plan(await this.before(client, tenant, touched));
      if (planned.additions) await this.add(client, tenant, planned.additions);
      return planned;
    });
  }

  transact(...statements: readonly Statement[]): Promise<unknown[][]> {
    return this.transaction(ALL_HEADS, async (client) => {
      const answers: unknown[][] = [];
      for (const [statement, ...params] of statements) {
        answers.push((await client.query(this.timed(numbered(statement), params))).rows as unknown[]);
      }
      return answers;
    });
  }

  /** Frees the dead rows. Their bytes stay on disk until they are written over; only a rewrite takes them away. */
  async scrub(whole = false): Promise<void> {
    await this.attempt(async () => {
      const how = whole ? 'VACUUM (FULL)' : 'VACUUM (INDEX_CLEANUP ON)';
      for (const table of ['alterations', 'atomes', 'receipts']) await this.pool.query(`${how} ${table}`);
    });
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private transaction<T>(scope: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.attempt(async () => {
      const client = await this.pool.connect();
      let broken: unknown;
      try {
        await together([this.enter(client, scope), client.query(this.timed(BEGIN))]);
        const done = await work(client);
        await client.query(this.timed('COMMIT'));
        return done;
      } catch (error) {
        broken = await rollback(client);
        throw error;
      } finally {
        // a connection that cannot even roll back is thrown away
        client.release(broken !== undefined);
      }
    });
  }

  protected query(scope: string, statement: string, params: readonly sql.Param[]): Promise<unknown[]> {
    return this.attempt(async () => {
      const client = await this.pool.connect();
      let failed = true;
      try {
        const entered = this.enter(client, scope);
        const answered = client.query(this.timed(numbered(statement), params));
        await together([entered, answered]);
        failed = false;
        return (await answered).rows as unknown[];
      } finally {
        client.release(failed);
      }
    });
  }

  /**
   * Says whose rows a connection may see from here on; what is sent behind it goes out together with it. A connection
   * keeps its scope, so that for one tenant at a time this costs nothing.
   */
  private async enter(client: pg.PoolClient, scope: string): Promise<void> {
    if (this.scopes.get(client) === scope) return;
    this.scopes.delete(client);
    await client.query(this.timed(`SELECT set_config('atome.tenant', $1, false)`, [scope], 'enter'));
    this.scopes.set(client, scope);
  }

  protected measured(
    scope: string,
    { sql: text, params, names, order, length }: sql.Measured,
    bytes: number,
  ): Promise<unknown[]> {
    const before = `SUM("${length}") OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - "${length}"`;
    return this.query(
      scope,
      `SELECT ${names} FROM (SELECT l.*, ${before} AS "before" FROM (${text}) AS l) AS p WHERE "before" <= ? ORDER BY ${order}`,
      [...params, bytes],
    );
  }

  private async before(client: pg.PoolClient, tenant: string, touched: Touched): Promise<Before> {
    const { atomeIds, opIds, createIds = [], families } = touched;
    // no names here: a plan that is kept from when the tables were empty would walk them when they are large
    const rows = async <Row>(text: string, values: readonly sql.Param[]): Promise<Row[]> =>
      (await client.query(this.timed(numbered(text), values))).rows as Row[];
    // the lock first: what is read after it cannot be older than what the last holder committed
    const [head] = await rows<HeadRow>(`${sql.SELECT_HEAD} FOR UPDATE`, [tenant]);
    if (!head) throw ledgerGone(tenant);
    const ids = JSON.stringify(opIds);
    const [atomes, receipts, related] = await Promise.all([
      rows<AtomeRow>(`SELECT ${sql.ATOME_COLUMNS} FROM atomes WHERE tenant = ? AND id = ANY(ARRAY(${TEXTS_OF}))`, [
        tenant,
        JSON.stringify(atomeIds),
      ]),
      opIds.length === 0 ? [] : rows<ReceiptRow>(SELECT_RECEIPTS, [ids, tenant, ids, tenant]),
      families
        ? rows<AtomeRow>(
            sql.selectFamilies(`SELECT unnest(ARRAY(${TEXTS_OF})) AS value`),
            sql.familyParams(tenant, families),
          )
        : [],
    ]);
    const met = sql.met(createIds, atomes);
    const creations =
      met.length === 0 ? [] : await rows<AlterationRow>(SELECT_CREATIONS, [tenant, JSON.stringify(met)]);
    return {
      head: headRow(head),
      creations: creations.map(alterationRow),
      ...withFamilies(atomes.map(atomeRow), related.map(atomeRow), families),
      receipts: receipts.map((row) => numbers(row, ['seq'])),
    };
  }

  private async add(client: pg.PoolClient, tenant: string, additions: Additions): Promise<void> {
    const { head, alterations, atomes, receipts, erased = [] } = additions;
    await together([
      this.insert(client, sql.ALTERATIONS, tenant, alterations),
      this.insert(client, sql.ATOMES, tenant, atomes, sql.UPSERT_ATOME),
      this.insert(client, sql.RECEIPTS, tenant, receipts),
      client.query(this.timed(numbered(sql.UPDATE_HEAD), headParams(tenant, head), 'move head')),
      // behind the inserts: what this group adds to an atome that it also erases is erased with the rest
      ...erased.flatMap((id) =>
        sql.ERASE.map((statement) => client.query(this.timed(numbered(statement), [tenant, id]))),
      ),
    ]);
  }

  /** All rows in one statement: one JSON parameter, read as a table. */
  private async insert<Row extends object>(
    client: pg.PoolClient,
    table: sql.Table<Row>,
    tenant: string,
    rows: readonly Row[],
    suffix = '',
  ): Promise<void> {
    if (rows.length === 0) return;
    const columns = table.columns.map((column) => `"${column}"`).join(', ');
    const fields = table.fields.map((field) => `r."${field}"`).join(', ');
    const text = `INSERT INTO ${table.name} ("tenant", ${columns})
      SELECT $1, ${fields} FROM json_to_recordset($2::json) AS r(${recordTypes(table)}) ${suffix}`;
    await client.query(this.timed(text, [tenant, JSON.stringify(rows)], `insert ${table.name}`));
  }

  /** A statement with a deadline: a database that has gone without a word must not hold its callers forever. */
  private timed(text: string, values: readonly sql.Param[] = [], name?: string): TimedQuery {
    return { text, values: [...values], query_timeout: this.deadlineMs, ...(name !== undefined && { name }) };
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translate(error);
    }
  }
}

const INTEGERS: ReadonlySet<string> = new Set(['seq', 'createdSeq', 'version', 'base', 'size', 'weight']);

function recordTypes(table: sql.Table<AlterationRow & AtomeRow>): string;
function recordTypes<Row>(table: sql.Table<Row>): string;
function recordTypes(table: { readonly fields: readonly string[] }): string {
  return table.fields.map((field) => `"${field}" ${INTEGERS.has(field) ? 'bigint' : 'text'}`).join(', ');
}

/** `query_timeout` of pg, which its types know for whole clients only. */
type TimedQuery = pg.QueryConfig & { readonly query_timeout: number };

function unheard(): void {
  // the query that was on its way has failed with it
}

/** Waits for statements that went out together: the first that fails is the cause of what the later ones say. */
async function together(statements: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(statements);
  const failed = settled.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  if (failed) throw failed.reason;
}

/** How long a rollback may take, in milliseconds: the tenant's next group waits for it. */
const ROLLBACK_MS = 2_000;

/** The error of a rollback that failed, or undefined. */
async function rollback(client: pg.PoolClient): Promise<unknown> {
  try {
    await client.query({ text: 'ROLLBACK', query_timeout: ROLLBACK_MS } as TimedQuery);
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
    /terminated|not queryable|read timeout|timeout exceeded when trying to connect|after calling end/i.test(message)
  ) {
    return new AtomeError('unavailable', 'the database cannot be reached; try again');
  }
  return error;
}
