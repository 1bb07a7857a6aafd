import { clockOf } from '../database/lease.js';
import type { Statement, Tables } from '../database/tables.js';
import type { LedgerStore } from '../ledger/store.js';
import type { ConsumerRows, ConsumerStatus, DeadLetter, LetterChoice, LetterQuery } from './consumer-status.js';
import type { CursorRow, LaneName } from './lane.js';
import { numbers } from '../ledger/stores/read-rows.js';

/** Which alteration, on which lane. */
export interface LetterName extends LaneName {
  readonly seq: number;
}

/** How a failure is told in a row. */
export interface Failure extends LetterName {
  readonly atomeId: string;
  readonly attempts: number;
  readonly error: string;
  /** What else is to be written with it. */
  readonly others: readonly Statement[];
}

/** What the names of leases begin with that are no consumers of the application. */
export const OWN_LEASE = '$';

/** Most tenants, and dead letters, that are taken up at one look. */
const MOST_AT_ONCE = 1_000;

/** The rows of durable consumers. Times are told by the clock of the database alone. */
export class ConsumerStore implements ConsumerRows {
  private readonly now: string;
  /** A condition: the lease is that of this process. Its parameters: name, owner. */
  private readonly isMine = 'EXISTS (SELECT 1 FROM atome_consumers WHERE name = ? AND owner = ?)';

  constructor(
    private readonly tables: Tables & Pick<LedgerStore, 'kind'>,
    /** Names this process. */
    private readonly owner: string,
    /** Whose lease all cursors are under; left out: each that of the consumer of its name. */
    private readonly leaseName?: string,
  ) {
    this.now = clockOf(tables.kind);
  }

  /** The parameters of {@link isMine}. */
  private mine(name: string): [string, string] {
    return [this.leaseName ?? name, this.owner];
  }

  /** Makes a consumer that there is not yet: from now on it begins where the ledgers end, unless at their start. */
  async register(name: string, fromStart: boolean): Promise<void> {
    const atHeads: Statement = [
      `INSERT INTO atome_consumer_cursors (consumer, tenant, seq, attempts, due_at)
        SELECT CAST(? AS varchar(64)), tenant, seq, 0, 0 FROM atome_ledgers
        WHERE EXISTS (SELECT 1 FROM atome_consumers WHERE name = ? AND expires_at = -1) ON CONFLICT DO NOTHING`,
      name,
      name,
    ];
    await this.tables.transact(
      [`INSERT INTO atome_consumers (name, owner, expires_at) VALUES (?, '', -1) ON CONFLICT DO NOTHING`, name],
      ...(fromStart ? [] : [atHeads]),
      [`UPDATE atome_consumers SET expires_at = ${this.now} - 1 WHERE name = ? AND expires_at = -1`, name],
    );
  }

  /** Takes the lease of a consumer, or keeps it. @returns whether it is this process's now. */
  async lease(name: string, ttlMs: number): Promise<boolean> {
    const [rows = []] = await this.tables.transact([
      `UPDATE atome_consumers SET owner = ?, expires_at = ${this.now} + ? WHERE name = ? AND (owner = ? OR expires_at < ${this.now})
        RETURNING name`,
      this.owner,
      ttlMs,
      name,
      this.owner,
    ]);
    return rows.length > 0;
  }

  /** Lets another process take over at once. */
  async release(name: string): Promise<void> {
    await this.tables.transact([
      `UPDATE atome_consumers SET owner = '', expires_at = ${this.now} - 1 WHERE name = ? AND owner = ?`,
      name,
      this.owner,
    ]);
  }

  /** The tenants in whose ledgers there is something to do for a consumer. */
  async pending(name: string): Promise<LaneName[]> {
    const rows = await this.tables.rows(
      `SELECT l.tenant AS "tenant" FROM atome_ledgers AS l
        LEFT JOIN atome_consumer_cursors AS c ON c.consumer = ? AND c.tenant = l.tenant
        WHERE l.seq > coalesce(c.seq, 0) AND coalesce(c.due_at, 0) <= ${this.now}
        UNION SELECT tenant FROM atome_dead_letters WHERE consumer = ? AND is_due = 1 LIMIT ${MOST_AT_ONCE}`,
      name,
      name,
    );
    return (rows as { tenant: string }[]).map(({ tenant }) => ({ name, tenant }));
  }

  async cursor({ name, tenant }: LaneName): Promise<CursorRow | undefined> {
    const rows = await this.tables.rows(
      `SELECT seq, attempts, CASE WHEN due_at > ${this.now} THEN 1 ELSE 0 END AS "isWaiting",
        CASE WHEN EXISTS (SELECT 1 FROM atome_dead_letters AS d WHERE d.consumer = c.consumer AND d.tenant = c.tenant AND d.is_due = 1)
          THEN 1 ELSE 0 END AS "hasDue"
        FROM atome_consumer_cursors AS c WHERE consumer = ? AND tenant = ?`,
      name,
      tenant,
    );
    const [row] = rows as CursorRow[];
    return row && numbers(row, ['seq']);
  }

  /** Makes a cursor at the start of a ledger. */
  async begin({ name, tenant }: LaneName): Promise<CursorRow> {
    await this.tables.transact([
      'INSERT INTO atome_consumer_cursors (consumer, tenant, seq, attempts, due_at) VALUES (?, ?, 0, 0, 0) ON CONFLICT DO NOTHING',
      name,
      tenant,
    ]);
    return { seq: 0, attempts: 0, isWaiting: 0, hasDue: 0 };
  }

  /** Says that all up to `seq` is handled; returns a row if nobody has moved the cursor meanwhile, and the lease is ours still. */
  moving({ name, tenant, seq }: LetterName, from: number): Statement {
    return [
      `UPDATE atome_consumer_cursors SET seq = ?, attempts = 0, due_at = 0, error = NULL
        WHERE consumer = ? AND tenant = ? AND seq = ? AND ${this.isMine} RETURNING tenant`,
      seq,
      name,
      tenant,
      from,
      ...this.mine(name),
    ];
  }

  /** As {@link moving}, of a dead letter that is tried again. */
  settling({ name, tenant, seq }: LetterName): Statement {
    return [
      `DELETE FROM atome_dead_letters WHERE consumer = ? AND tenant = ? AND seq = ? AND ${this.isMine} RETURNING tenant`,
      name,
      tenant,
      seq,
      ...this.mine(name),
    ];
  }

  /** @param others are run too. @returns whether the first returned a row. */
  async run(statement: Statement, others: readonly Statement[] = []): Promise<boolean> {
    const [rows = []] = await this.tables.transact(statement, ...others);
    return rows.length > 0;
  }

  /** Remembers that the alteration behind `from` has failed, and is tried again later. */
  async postpone(from: number, failure: Failure, pauseMs: number): Promise<void> {
    const { name, tenant, attempts, error, others } = failure;
    await this.tables.transact(
      [
        `UPDATE atome_consumer_cursors SET attempts = ?, due_at = ${this.now} + ?, error = ?
          WHERE consumer = ? AND tenant = ? AND seq = ? AND ${this.isMine}`,
        ...[attempts, pauseMs, error, name, tenant, from, ...this.mine(name)],
      ],
      ...others,
    );
  }

  /** Puts an alteration among the dead letters, and the cursor behind it. @returns whether the cursor was there to be moved. */
  async bury(from: number, failure: Failure): Promise<boolean> {
    const { name, tenant, seq, atomeId, attempts, error, others } = failure;
    const [moved = []] = await this.tables.transact(
      [
        `UPDATE atome_consumer_cursors SET seq = ?, attempts = -1, due_at = 0, error = NULL
          WHERE consumer = ? AND tenant = ? AND seq = ? AND ${this.isMine} RETURNING tenant`,
        ...[seq, name, tenant, from, ...this.mine(name)],
      ],
      [
        `INSERT INTO atome_dead_letters (consumer, tenant, seq, atome_id, attempts, error, failed_at, is_due)
          SELECT consumer, tenant, seq, CAST(? AS varchar(128)), CAST(? AS integer), CAST(? AS text), ${this.now}, 0
          FROM atome_consumer_cursors WHERE consumer = ? AND tenant = ? AND attempts = -1 ON CONFLICT DO NOTHING`,
        ...[atomeId, attempts, error, name, tenant],
      ],
      [
        'UPDATE atome_consumer_cursors SET attempts = 0 WHERE consumer = ? AND tenant = ? AND attempts = -1',
        ...[name, tenant],
      ],
      ...others,
    );
    return moved.length > 0;
  }

  /** Remembers that a dead letter has failed once more. */
  async rebury({ name, tenant, seq, attempts, error, others }: Failure): Promise<void> {
    await this.tables.transact(
      [
        `UPDATE atome_dead_letters SET attempts = ?, error = ?, failed_at = ${this.now}, is_due = 0
          WHERE consumer = ? AND tenant = ? AND seq = ? AND ${this.isMine}`,
        ...[attempts, error, name, tenant, seq, ...this.mine(name)],
      ],
      ...others,
    );
  }

  /** Remembers that a dead letter cannot be told any more. */
  async lose({ name, tenant, seq }: LetterName): Promise<void> {
    await this.tables.transact([
      `UPDATE atome_dead_letters SET is_due = 0, error = 'its alteration is in an archive: it can only be skipped'
        WHERE consumer = ? AND tenant = ? AND seq = ?`,
      ...[name, tenant, seq],
    ]);
  }

  /** Dead letters that somebody wants to be tried again, oldest first. */
  async due({ name, tenant }: LaneName): Promise<{ readonly seq: number; readonly attempts: number }[]> {
    const rows = await this.tables.rows(
      `SELECT seq, attempts FROM atome_dead_letters WHERE consumer = ? AND tenant = ? AND is_due = 1 ORDER BY seq LIMIT ${MOST_AT_ONCE}`,
      name,
      tenant,
    );
    return (rows as { seq: number; attempts: number }[]).map((row) => numbers(row, ['seq']));
  }

  /** How all consumers stand in the ledger of a tenant; or the one of that name. */
  async list(tenant: string, name?: string): Promise<ConsumerStatus[]> {
    const rows = await this.tables.rows(
      `SELECT n.name AS "name", CASE WHEN n.owner <> '' AND n.expires_at > ${this.now} THEN 1 ELSE 0 END AS "isRunning",
        coalesce(c.seq, 0) AS "seq", coalesce(l.seq, 0) AS "head", coalesce(c.attempts, 0) AS "attempts", c.error AS "error",
        (SELECT count(*) FROM atome_dead_letters AS d WHERE d.consumer = n.name AND d.tenant = t.tenant) AS "deadLetters"
        FROM atome_consumers AS n CROSS JOIN (SELECT CAST(? AS varchar(128)) AS tenant) AS t
        LEFT JOIN atome_consumer_cursors AS c ON c.consumer = n.name AND c.tenant = t.tenant
        LEFT JOIN atome_ledgers AS l ON l.tenant = t.tenant
        WHERE n.name NOT LIKE '${OWN_LEASE}%'${name === undefined ? '' : ' AND n.name = ?'} ORDER BY n.name`,
      ...[tenant, ...(name === undefined ? [] : [name])],
    );
    type Row = Omit<ConsumerStatus, 'isRunning' | 'lag'> & { readonly isRunning: number; readonly head: number };
    return (rows as Row[]).map((row) => {
      const { head, isRunning, seq, ...rest } = numbers(row, ['seq', 'head', 'deadLetters']);
      return { ...rest, isRunning: isRunning === 1, seq, lag: Math.max(0, head - seq) };
    });
  }

  async deadLetters(name: string, { tenant, after = 0, limit = 100 }: LetterQuery): Promise<DeadLetter[]> {
    const rows = await this.tables.rows(
      `SELECT seq, atome_id AS "atomeId", attempts, error, failed_at AS "failedAt", is_due AS "isDue"
        FROM atome_dead_letters WHERE consumer = ? AND tenant = ? AND seq > ? ORDER BY seq LIMIT ${limit}`,
      ...[name, tenant, after],
    );
    type Row = Omit<DeadLetter, 'failedAt' | 'isDue'> & { readonly failedAt: number; readonly isDue: number };
    return (rows as Row[]).map((row) => {
      const { failedAt, isDue, ...rest } = numbers(row, ['seq', 'failedAt']);
      return { ...rest, failedAt: new Date(failedAt).toISOString(), isDue: isDue === 1 };
    });
  }

  /** Has dead letters tried again, or forgets them: the one of `seq`, or all. @returns how many. */
  async decide(name: string, { tenant, seq }: LetterChoice, isSkipped: boolean): Promise<number> {
    const what = isSkipped ? 'DELETE FROM atome_dead_letters' : 'UPDATE atome_dead_letters SET is_due = 1';
    const [rows = []] = await this.tables.transact([
      `${what} WHERE consumer = ? AND tenant = ?${seq === undefined ? '' : ' AND seq = ?'} RETURNING seq`,
      ...[name, tenant, ...(seq === undefined ? [] : [seq])],
    ]);
    return rows.length;
  }
}
