import type { Tables } from '../../database/tables.js';

/** Who has still to be told of alterations, and from which on. */
export interface Holder {
  readonly name: string;
  /** All up to here it has. */
  readonly seq: number;
}

/** Durable consumers, webhooks that are sent, and the server above an edge, which decides what was written here; leases of the servers' own, whose names begin so, are none. */
const SELECT_HOLDERS = `SELECT n.name AS "name", coalesce(c.seq, 0) AS "seq" FROM atome_consumers AS n
    LEFT JOIN atome_consumer_cursors AS c ON c.consumer = n.name AND c.tenant = ? WHERE n.name NOT LIKE '$%'
  UNION ALL SELECT c.consumer, c.seq FROM atome_consumer_cursors AS c
    JOIN atome_webhooks AS w ON w.id = c.consumer AND w.tenant = c.tenant WHERE c.tenant = ? AND w.enabled = 1
  UNION ALL SELECT 'the server above', e.safe FROM atome_edge_cursors AS e WHERE e.tenant = ?`;

/** Whoever is furthest behind in the ledger of a tenant; undefined where there is nobody to be told. */
export async function lastHolder(tables: Pick<Tables, 'rows'>, tenant: string): Promise<Holder | undefined> {
  const rows = (await tables.rows(SELECT_HOLDERS, tenant, tenant, tenant)) as { name: string; seq: unknown }[];
  const holders = rows.map(({ name, seq }) => ({ name, seq: Number(seq) }));
  return holders.sort((one, other) => one.seq - other.seq)[0];
}
