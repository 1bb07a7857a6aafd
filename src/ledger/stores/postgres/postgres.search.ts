import type pg from 'pg';
import { elapse } from '../../elapse.js';
import {
  asInJson,
  foundOf,
  Following,
  MAX_FOUND,
  NOT_WORTH,
  type Found,
  type FoundRow,
  type SearchIndex,
} from '../search.js';
import { likePattern } from '../list.sql.js';
import { ALL_HEADS } from '../sql.store.js';
import { together, type TimedQuery } from './postgres.client.js';
import { translate } from './postgres.errors.js';
import type { PostgresConnections } from './postgres.connections.js';

/*
 * The index of searches on PostgreSQL: the texts of all atomes in lower case, in a table beside theirs. Row-level security
 * lets no index be asked for a part of a text before each row's tenant has been looked at, so that this table is without
 * it. It is read by one statement, which tells seqs only; what stands there is read behind the wall.
 */

/** What can be looked up: with the character type C, only what is made of ASCII. */
export type Searchable = 'ascii' | 'unicode';

/** Needs the right to make an extension and tables, once. */
export const MAKE_SEARCH = [
  'CREATE EXTENSION IF NOT EXISTS pg_trgm',
  'CREATE TABLE IF NOT EXISTS atome_search_tenants (tenant varchar(128) PRIMARY KEY, seq bigint NOT NULL, hash varchar(64) NOT NULL)',
  `CREATE TABLE IF NOT EXISTS atome_search_texts (tenant varchar(128) NOT NULL, atome_id varchar(128) NOT NULL, seq bigint NOT NULL,
    text text NOT NULL, PRIMARY KEY (tenant, atome_id))`,
  'CREATE INDEX IF NOT EXISTS search_texts_by_trigram ON atome_search_texts USING gin (text gin_trgm_ops)',
];
export const SELECT_SEARCHABLE = `SELECT EXISTS (
    SELECT 1 FROM pg_indexes WHERE schemaname = ? AND indexname = 'search_texts_by_trigram') AS "isThere"`;
export const SELECT_ALPHABET = `SELECT cardinality(show_trgm('éèê')) > 0 AS "isUnicode"`;

const THREE: Record<Searchable, RegExp> = { ascii: /[a-z0-9]{3}/, unicode: /[\p{L}\p{N}]{3}/u };

type Ask = <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;

/** How long a statement of the index may take, in milliseconds. */
const DEADLINE_MS = 60_000;
const BATCH_ROWS = 500;
const BATCH_BYTES = 2_000_000;

const SELECT_BEHIND = `SELECT l.tenant FROM atome_ledgers AS l LEFT JOIN atome_search_tenants AS s ON s.tenant = l.tenant
  WHERE (l.seq - coalesce(s.seq, 0) >= $1 OR l.seq < s.seq) AND (s.tenant IS NOT NULL OR $2)`;
const ADD_TENANT = `INSERT INTO atome_search_tenants (tenant, seq, hash) VALUES ($1, 0, '') ON CONFLICT DO NOTHING`;
/** Of several servers one follows. */
const LOCK_TENANT = `SELECT s.seq, s.seq = 0 OR s.hash = (
    SELECT l.hash FROM atome_alterations AS l WHERE l.tenant = s.tenant AND l.seq = s.seq
    UNION ALL SELECT b.hash FROM atome_bases AS b WHERE b.tenant = s.tenant AND b.seq = s.seq LIMIT 1
  ) AS "isSame" FROM atome_search_tenants AS s WHERE s.tenant = $1 FOR UPDATE SKIP LOCKED`;
const CLEAR_TENANT = 'DELETE FROM atome_search_texts WHERE tenant = $1';
const MOVE_TENANT = `UPDATE atome_search_tenants SET seq = $2, hash = (
    SELECT hash FROM atome_alterations WHERE tenant = $1 AND seq = $2
    UNION ALL SELECT hash FROM atome_bases WHERE tenant = $1 AND seq = $2 LIMIT 1
  ) WHERE tenant = $1`;
/** Without its settings the planner would hope to find enough by walking. */
const NO_WALK = 'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off';
const SELECT_FOUND = `SELECT s.seq AS "upTo", s.hash, array_to_json(ARRAY(
    SELECT t.seq FROM atome_search_texts AS t WHERE t.tenant = $1 AND t.text LIKE $2 ESCAPE '\\' LIMIT ${MAX_FOUND + 1}
  ))::text AS seqs FROM atome_search_tenants AS s WHERE s.tenant = $1`;

/** Keeps the index up with the ledgers, behind the writes, and asks it. */
export class PostgresSearch implements SearchIndex {
  readonly following: Following;
  private readonly addTexts: string;
  private isEnding = false;

  /** @param lowerData the expression for `data` in lower case. */
  constructor(
    private readonly connections: PostgresConnections,
    private readonly searchable: Searchable,
    lowerData: string,
  ) {
    this.following = new Following(
      () => this.follow(NOT_WORTH, true),
      (error) => connections.faults.reported(translate(error)),
    );
    this.addTexts = `INSERT INTO atome_search_texts (tenant, atome_id, seq, text)
      SELECT tenant, id, seq, text FROM (
        SELECT tenant, id, seq, ${lowerData} AS text, SUM(size) OVER (ORDER BY seq) - size AS before
        FROM atome_atomes WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT ${BATCH_ROWS}
      ) AS news WHERE before <= ${BATCH_BYTES}
      ON CONFLICT (tenant, atome_id) DO UPDATE SET seq = excluded.seq, text = excluded.text
      RETURNING seq, octet_length(text) AS bytes`;
  }

  async find(tenant: string, words: string): Promise<Found | undefined> {
    if (!THREE[this.searchable].test(asInJson(words))) return undefined;
    try {
      const [row] = await this.ask(tenant, likePattern(words));
      return row && foundOf(row);
    } catch (error) {
      throw translate(error);
    }
  }

  private async ask(tenant: string, pattern: string): Promise<FoundRow[]> {
    const { heavyReads } = this.connections.pools;
    const client = await heavyReads.connect(tenant);
    const timed = (text: string, values: string[] = []): TimedQuery => ({
      text: this.connections.textOf(text),
      values,
      query_timeout: heavyReads.deadlineMs,
    });
    let isSpoilt = true;
    try {
      const begun = client.query(timed(NO_WALK));
      const found = client.query<FoundRow>(timed(SELECT_FOUND, [tenant, pattern]));
      await together([begun, found, client.query(timed('COMMIT'))]);
      isSpoilt = false;
      return (await found).rows;
    } finally {
      heavyReads.release(tenant, client, isSpoilt);
    }
  }

  /**
   * Takes what the ledgers have and the index has not.
   * @param least how many alterations an index may be behind.
   * @param withNew makes an index for those that have none.
   */
  async follow(least: number, withNew: boolean): Promise<void> {
    const behind = await this.transaction(ALL_HEADS, (ask) => ask<{ tenant: string }>(SELECT_BEHIND, [least, withNew]));
    for (const { tenant } of behind) {
      while (!this.isEnding) {
        const begun = performance.now();
        if (!(await this.transaction(tenant, (ask) => this.batch(ask, tenant)))) break;
        // the database is wanted half of the time at most
        await elapse(performance.now() - begun, { ref: false });
      }
    }
  }

  /** What is being indexed is indexed to the end of its batch. */
  close(): Promise<void> {
    this.isEnding = true;
    return this.following.done();
  }

  /** Whether there may be more. */
  private async batch(ask: Ask, tenant: string): Promise<boolean> {
    await ask(ADD_TENANT, [tenant]);
    const [known] = await ask<{ seq: string; isSame: boolean | null }>(LOCK_TENANT, [tenant]);
    if (!known) return false;
    // another copy of the ledger has been put in its place
    if (!known.isSame) await ask(CLEAR_TENANT, [tenant]);
    const after = known.isSame ? Number(known.seq) : 0;
    const rows = await ask<{ seq: string; bytes: number }>(this.addTexts, [tenant, after]);
    const upTo = rows.reduce((highest, { seq }) => Math.max(highest, Number(seq)), after);
    if (upTo > 0) await ask(MOVE_TENANT, [tenant, upTo]);
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    return rows.length === BATCH_ROWS || bytes > BATCH_BYTES;
  }

  /** Bounded in time, as all that waits for the database is. */
  private async transaction<T>(scope: string, work: (ask: Ask) => Promise<T>): Promise<T> {
    const { maintenance, textOf } = this.connections;
    const client = await maintenance.connect();
    const ask: Ask = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      (await client.query<Row>({ text: textOf(text), values, query_timeout: DEADLINE_MS } as TimedQuery)).rows;
    let isSpoilt = true;
    try {
      await ask(`BEGIN; SET LOCAL statement_timeout = ${DEADLINE_MS}`);
      await ask(`SELECT set_config('atome.tenant', $1, true)`, [scope]);
      const result = await work(ask);
      await ask('COMMIT');
      isSpoilt = false;
      return result;
    } finally {
      client.release(isSpoilt);
    }
  }
}
