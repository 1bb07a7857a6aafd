import type { Tables } from '../database/tables.js';
import { saidOf } from './bounds.js';
import { numbers } from '../ledger/stores/read-rows.js';

/** How far an edge has come. */
export interface EdgeCursor {
  /** The upstream ledger, and up to where it has been followed. */
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
  /** What may be read there, as upstream names it. */
  readonly rights: string;
  /** Where the own ledger ended when that was so. */
  readonly head: number;
  /** All local writes up to there are decided upstream. */
  readonly safe: number;
}

/** That of an edge that has never reached upstream. */
export const NEVER: EdgeCursor = { epoch: '', seq: 0, hash: '', rights: '', head: 0, safe: 0 };

/** A local write that upstream has refused for good. */
export interface EdgeRefusal {
  readonly seq: number;
  readonly atomeId: string;
  readonly opId: string | null;
  readonly author: string;
  readonly code: string;
  readonly message: string;
  /** ISO 8601 in UTC. */
  readonly refusedAt: string;
}

/** How many refusals are kept. */
const MOST_KEPT = 1_000;

const COLUMNS = `seq, atome_id AS "atomeId", op_id AS "opId", author, code, message, refused_at AS "refusedAt"`;

/** The rows of an edge beside its ledger. */
export class EdgeStore {
  constructor(
    private readonly tables: Tables,
    private readonly tenant: string,
  ) {}

  async cursor(): Promise<EdgeCursor | undefined> {
    const rows = await this.tables.rows(
      'SELECT epoch, seq, hash, rights, head, safe FROM atome_edge_cursors WHERE tenant = ?',
      this.tenant,
    );
    const [row] = rows as EdgeCursor[];
    return row && numbers(row, ['seq', 'head', 'safe']);
  }

  async save({ epoch, seq, hash, rights, head, safe }: EdgeCursor): Promise<void> {
    await this.tables.transact([
      `INSERT INTO atome_edge_cursors (tenant, epoch, seq, hash, rights, head, safe) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (tenant) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, hash = excluded.hash,
          rights = excluded.rights, head = excluded.head, safe = excluded.safe`,
      ...[this.tenant, epoch, seq, hash, rights, head, safe],
    ]);
  }

  /** Keeps what was refused; the oldest beyond {@link MOST_KEPT} that are told of no more go. */
  async refuse(refusals: readonly EdgeRefusal[], safe: number): Promise<void> {
    await this.tables.transact(
      ...refusals.map(
        ({ seq, atomeId, opId, author, code, message, refusedAt }) =>
          [
            `INSERT INTO atome_edge_refusals (tenant, seq, atome_id, op_id, author, code, message, refused_at)
              VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
            ...[this.tenant, seq, atomeId, opId, author, code.slice(0, 32), saidOf(message), Date.parse(refusedAt)],
          ] as const,
      ),
      [
        `DELETE FROM atome_edge_refusals WHERE tenant = ? AND seq <= ? AND seq <= (SELECT seq FROM atome_edge_refusals
          WHERE tenant = ? ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_KEPT})`,
        ...[this.tenant, safe, this.tenant],
      ],
    );
  }

  /** What was said about an atome may name what it had. */
  async blank(atomeId: string): Promise<void> {
    await this.tables.transact([
      `UPDATE atome_edge_refusals SET message = '' WHERE tenant = ? AND atome_id = ?`,
      ...[this.tenant, atomeId],
    ]);
  }

  /** Newest first. @param author whose; left out: everybody's. */
  async refusals(author?: string, after = -1): Promise<EdgeRefusal[]> {
    const rows = await this.tables.rows(
      `SELECT ${COLUMNS} FROM atome_edge_refusals WHERE tenant = ? AND seq > ?${author === undefined ? '' : ' AND author = ?'}
        ORDER BY seq DESC LIMIT ${MOST_KEPT}`,
      ...[this.tenant, after, ...(author === undefined ? [] : [author])],
    );
    return (rows as EdgeRefusal[]).map((row) => ({
      ...numbers(row, ['seq']),
      refusedAt: new Date(Number(row.refusedAt)).toISOString(),
    }));
  }
}
