import { clockOf } from '../../database/lease.js';
import type { Tables } from '../../database/tables.js';
import type { LedgerStore } from '../store.js';

/** Who has still to be told of alterations, and from which on. */
export interface Holder {
  readonly name: string;
  /** All up to here it has. */
  readonly seq: number;
}

/** Durable consumers and webhooks that are sent; leases of the servers' own, whose names begin so, are neither. */
const selectHolders = (
  since: string,
): string => `SELECT n.name AS "name", coalesce(c.seq, 0) AS "seq" FROM atome_consumers AS n
    LEFT JOIN atome_consumer_cursors AS c ON c.consumer = n.name AND c.tenant = ?
    WHERE n.name NOT LIKE '$%' AND (n.expires_at <= 0 OR n.expires_at >= ${since})
  UNION ALL SELECT c.consumer, c.seq FROM atome_consumer_cursors AS c
    JOIN atome_webhooks AS w ON w.id = c.consumer AND w.tenant = c.tenant WHERE c.tenant = ? AND w.enabled = 1
  UNION ALL SELECT 'the server above', e.safe FROM atome_edge_cursors AS e WHERE e.tenant = ?`;

/**
 * Whoever is furthest behind in the ledger of a tenant; undefined where there is nobody to be told.
 * @param expireMs consumers that nobody has run for so long do not count; 0: all do.
 */
export async function lastHolder(
  tables: Pick<Tables, 'rows'> & Pick<LedgerStore, 'kind'>,
  tenant: string,
  expireMs = 0,
): Promise<Holder | undefined> {
  const since = expireMs > 0 ? `${clockOf(tables.kind)} - ${expireMs}` : '0';
  const rows = (await tables.rows(selectHolders(since), tenant, tenant, tenant)) as { name: string; seq: unknown }[];
  const holders = rows.map(({ name, seq }) => ({ name, seq: Number(seq) }));
  return holders.sort((one, other) => one.seq - other.seq)[0];
}

/** A durable consumer, whoever's ledgers it is told of. */
export interface ConsumerIdle {
  readonly name: string;
  /** How long nobody has run it, in milliseconds; 0: somebody does. undefined: it is not known since when. */
  readonly idleMs: number | undefined;
  /** Alterations that it has not handled, of all ledgers. */
  readonly lag: number;
  readonly dead: number;
}

/** How all durable consumers stand. */
export async function consumersOf(tables: Pick<Tables, 'rows'> & Pick<LedgerStore, 'kind'>): Promise<ConsumerIdle[]> {
  const rows = await tables.rows(`SELECT c.name AS "name", c.expires_at AS "until", ${clockOf(tables.kind)} AS "now",
    (SELECT coalesce(sum(l.seq - coalesce((SELECT p.seq FROM atome_consumer_cursors AS p WHERE p.consumer = c.name AND p.tenant = l.tenant), 0)), 0)
      FROM atome_ledgers AS l) AS "lag",
    (SELECT count(*) FROM atome_dead_letters AS d WHERE d.consumer = c.name) AS "dead" FROM atome_consumers AS c
    WHERE c.name NOT LIKE '$%' ORDER BY c.name`);
  return (rows as { name: string; until: unknown; now: unknown; lag: unknown; dead: unknown }[]).map((row) => {
    const until = Number(row.until);
    const idleMs = until > 0 ? Math.max(0, Number(row.now) - until) : undefined;
    return { name: row.name, idleMs, lag: Number(row.lag), dead: Number(row.dead) };
  });
}

/** Ends a consumer that nobody runs, with its cursors and dead letters. @returns whether there was one. */
export async function dropConsumer(
  tables: Pick<Tables, 'transact'> & Pick<LedgerStore, 'kind'>,
  name: string,
): Promise<boolean> {
  const isGone = 'NOT EXISTS (SELECT 1 FROM atome_consumers WHERE name = ?)';
  const [dropped = []] = await tables.transact(
    [
      `DELETE FROM atome_consumers WHERE name = ? AND name NOT LIKE '$%' AND expires_at < ${clockOf(tables.kind)} RETURNING name`,
      name,
    ],
    [`DELETE FROM atome_consumer_cursors WHERE consumer = ? AND ${isGone}`, name, name],
    [`DELETE FROM atome_dead_letters WHERE consumer = ? AND ${isGone}`, name, name],
  );
  return dropped.length > 0;
}
