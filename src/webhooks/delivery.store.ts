import { randomInt } from 'node:crypto';
import { clockOf } from '../database/lease.js';
import type { Outcome } from '../consumers/lane.js';
import type { Statement, Tables } from '../database/tables.js';
import type { LedgerStore } from '../ledger/store.js';
import { numbers } from '../ledger/stores/read-rows.js';
import type { DeliveryQuery, WebhookDelivery, WebhookName } from './webhook.js';

/** What is kept of the past of each webhook: so many deliveries. */
const MOST_DELIVERIES = 500;
/** How many are added, about, before the oldest are taken away. */
const PRUNE_EVERY = 64;

/** A condition: the cursor of a webhook `w` is before an alteration that has failed. Its parameters: attempts, seq. */
const IS_REMEMBERED = `EXISTS (SELECT 1 FROM atome_consumer_cursors AS c
          WHERE c.consumer = w.id AND c.tenant = w.tenant AND c.attempts = ? AND c.seq < ?)`;

/** What is said of an attempt besides how it went on. */
export interface Attempt {
  readonly messageId: string;
  readonly event: string;
  readonly responseStatus: number | null;
  readonly error: string | null;
}

/** The rows of what was sent to webhooks lately. Times are told by the clock of the database alone. */
export class DeliveryStore {
  private readonly now: string;

  constructor(private readonly tables: Tables & Pick<LedgerStore, 'kind'>) {
    this.now = clockOf(tables.kind);
  }

  /** The latest deliveries. */
  async list({ tenant, id }: WebhookName, { status, limit = 100 }: DeliveryQuery): Promise<WebhookDelivery[]> {
    const rows = await this.tables.rows(
      `SELECT seq, message_id AS "id", event, atome_id AS "atomeId", status, attempts, response_status AS "responseStatus",
        error, attempted_at AS "attemptedAt", coalesce(next_at, 0) AS "nextAt" FROM atome_webhook_deliveries
        WHERE webhook = ? AND tenant = ?${status === undefined ? '' : ' AND status = ?'}
        ORDER BY attempted_at DESC, seq DESC LIMIT ?`,
      ...[id, tenant, ...(status === undefined ? [] : [status]), limit],
    );
    type Row = Omit<WebhookDelivery, 'attemptedAt' | 'nextAt'> & { attemptedAt: number; nextAt: number };
    return (rows as Row[]).map((row) => {
      const { attemptedAt, nextAt, ...rest } = numbers(row, ['seq', 'attemptedAt', 'nextAt']);
      return {
        ...rest,
        attemptedAt: new Date(attemptedAt).toISOString(),
        nextAt: nextAt === 0 ? null : new Date(nextAt).toISOString(),
      };
    });
  }

  /** For how long an event has been failing, in milliseconds. */
  async failingFor(id: string, seq: number): Promise<number> {
    const rows = await this.tables.rows(
      `SELECT ${this.now} - first_at AS "ms" FROM atome_webhook_deliveries WHERE webhook = ? AND seq = ? AND status = 'failing'`,
      ...[id, seq],
    );
    const [row] = rows as { ms: number }[];
    return row ? numbers(row, ['ms']).ms : 0;
  }

  /**
   * Says how an attempt went; now and then the oldest are forgotten. What is tried again is failing only where the cursor
   * remembers that attempt: somebody may have moved it meanwhile.
   */
  recording(id: string, { committed, attempts, error, pauseMs }: Outcome, attempt: Attempt): Statement[] {
    const { seq, atomeId } = committed.alteration;
    const status = error === undefined ? 'delivered' : pauseMs === undefined ? 'dead' : 'failing';
    const upsert: Statement = [
      `INSERT INTO atome_webhook_deliveries AS d (webhook, seq, tenant, message_id, event, atome_id, status, attempts,
          response_status, error, first_at, attempted_at, next_at)
        SELECT w.id, CAST(? AS bigint), w.tenant, CAST(? AS varchar(64)), CAST(? AS varchar(32)), CAST(? AS varchar(128)),
          CAST(? AS varchar(16)), CAST(? AS integer), CAST(? AS integer), CAST(? AS text), t.at, t.at,
          t.at + CAST(? AS bigint) FROM atome_webhooks AS w CROSS JOIN (SELECT ${this.now} AS at) AS t WHERE w.id = ?${
            status === 'failing' ? ` AND ${IS_REMEMBERED}` : ''
          }
        ON CONFLICT (webhook, seq) DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
          response_status = excluded.response_status, error = excluded.error, attempted_at = excluded.attempted_at,
          next_at = excluded.next_at, first_at = CASE WHEN d.status = 'failing' THEN d.first_at ELSE excluded.first_at END`,
      ...[seq, attempt.messageId, attempt.event, atomeId, status, attempts, attempt.responseStatus, attempt.error],
      ...[pauseMs ?? null, id, ...(status === 'failing' ? [attempts, seq] : [])],
    ];
    return randomInt(PRUNE_EVERY) === 0 ? [upsert, this.pruning(id)] : [upsert];
  }

  /** What is given up stays, until it is sent. */
  private pruning(id: string): Statement {
    return [
      `DELETE FROM atome_webhook_deliveries WHERE webhook = ? AND status = 'delivered' AND attempted_at <
        (SELECT attempted_at FROM atome_webhook_deliveries WHERE webhook = ? ORDER BY attempted_at DESC LIMIT 1 OFFSET ${MOST_DELIVERIES})`,
      ...[id, id],
    ];
  }
}
