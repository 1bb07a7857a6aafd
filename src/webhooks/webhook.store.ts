import { clockOf } from '../database/lease.js';
import type { LaneName } from '../consumers/lane.js';
import type { Statement, Tables } from '../database/tables.js';
import type { LedgerStore } from '../ledger/store.js';
import { numbers } from '../ledger/stores/read-rows.js';
import type { NewWebhook, Target, Webhook, WebhookName, WebhookRows } from './webhook.js';

/** How long the secret before a rotation signs too, in milliseconds. */
const OVERLAP_MS = 24 * 3_600_000;
/** Most webhooks that are taken up at one look. */
const MOST_AT_ONCE = 1_000;

/** What is needed to send. */
export interface SendingWebhook extends WebhookName, Target {
  readonly kinds: readonly string[] | null;
  readonly events: readonly string[] | null;
  readonly createdBy: string;
}

interface WebhookRow {
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  readonly kinds: string;
  readonly events: string;
  readonly description: string;
  readonly enabled: number;
  readonly disabledReason: string | null;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly seq: number;
  readonly head: number;
}

const COLUMNS: Readonly<Record<string, string>> = {
  url: 'url',
  kinds: 'kinds',
  events: 'events',
  description: 'description',
  enabled: 'enabled',
  createdBy: 'created_by',
};

/** What is failing of a webhook: the time after which it is given up goes on with the row. */
const DELETE_FAILING = `DELETE FROM atome_webhook_deliveries WHERE webhook = ? AND tenant = ? AND status = 'failing'`;
/** Any number that nobody else is likely to use: webhooks of one tenant are made one after the other. */
const MAKE_LOCK = 2_053_101_479;

/** The rows of webhooks. Times are told by the clock of the database alone. */
export class WebhookStore implements WebhookRows {
  private readonly now: string;

  constructor(private readonly tables: Tables & Pick<LedgerStore, 'kind'>) {
    this.now = clockOf(tables.kind);
  }

  /** Makes one that begins with what is written from now on. @returns whether the tenant had fewer than `most`. */
  async create(webhook: NewWebhook, most: number): Promise<boolean> {
    const { id, tenant, url, kinds, events, description, enabled, secret, createdBy } = webhook;
    const alone: Statement[] =
      this.tables.kind === 'sqlite' ? [] : [[`SELECT pg_advisory_xact_lock(${MAKE_LOCK}, hashtext(?))`, tenant]];
    const answers = await this.tables.transact(
      ...alone,
      [
        `INSERT INTO atome_webhooks (id, tenant, url, kinds, events, description, enabled, secret, previous_until, created_by, created_at)
          SELECT CAST(? AS varchar(64)), CAST(? AS varchar(128)), CAST(? AS text), CAST(? AS text), CAST(? AS text), CAST(? AS text),
            CAST(? AS integer), CAST(? AS text), 0, CAST(? AS text), ${this.now}
          WHERE (SELECT count(*) FROM atome_webhooks WHERE tenant = ?) < ? RETURNING id`,
        ...[id, tenant, url, JSON.stringify(kinds), JSON.stringify(events), description, enabled ? 1 : 0, secret],
        ...[createdBy, tenant, most],
      ],
      [
        `INSERT INTO atome_consumer_cursors (consumer, tenant, seq, attempts, due_at)
          SELECT w.id, w.tenant, coalesce((SELECT l.seq FROM atome_ledgers AS l WHERE l.tenant = w.tenant), 0), 0, 0
          FROM atome_webhooks AS w WHERE w.id = ?`,
        id,
      ],
    );
    return answers[alone.length]!.length > 0;
  }

  /** All of a tenant, or the one of that id, the oldest first. */
  async list(tenant: string, id?: string): Promise<Webhook[]> {
    const rows = await this.tables.rows(
      `SELECT w.id, w.tenant, w.url, w.kinds, w.events, w.description, w.enabled, w.disabled_reason AS "disabledReason",
        w.created_by AS "createdBy", w.created_at AS "createdAt", c.seq, coalesce(l.seq, 0) AS "head"
        FROM atome_webhooks AS w JOIN atome_consumer_cursors AS c ON c.consumer = w.id AND c.tenant = w.tenant
        LEFT JOIN atome_ledgers AS l ON l.tenant = w.tenant
        WHERE w.tenant = ?${id === undefined ? '' : ' AND w.id = ?'} ORDER BY w.created_at, w.id`,
      ...[tenant, ...(id === undefined ? [] : [id])],
    );
    return (rows as WebhookRow[]).map((row) => {
      const {
        tenant: _,
        kinds,
        events,
        enabled,
        createdAt,
        head,
        ...rest
      } = numbers(row, ['seq', 'head', 'createdAt']);
      return {
        ...rest,
        kinds: JSON.parse(kinds) as Webhook['kinds'],
        events: JSON.parse(events) as Webhook['events'],
        enabled: enabled === 1,
        lag: Math.max(0, head - rest.seq),
        createdAt: new Date(createdAt).toISOString(),
      };
    });
  }

  /** What is enabled, or led elsewhere, is tried at once and begins anew, whatever has failed before. */
  async change({ tenant, id }: WebhookName, change: Readonly<Record<string, unknown>>): Promise<void> {
    const given = Object.entries(change).flatMap(([name, value]) => {
      const column = COLUMNS[name];
      return column === undefined || value === undefined ? [] : [[column, valueOf(value)] as const];
    });
    if (given.length === 0) return;
    const { enabled, url } = change;
    const sets = given.map(([column]) => `${column} = ?`).join(', ');
    await this.tables.transact(
      [
        `UPDATE atome_webhooks SET ${sets}${enabled === undefined ? '' : ', disabled_reason = NULL'} WHERE tenant = ? AND id = ?`,
        ...[...given.map(([, value]) => value), tenant, id],
      ],
      ...(enabled === true || url !== undefined ? afresh({ tenant, id }) : []),
    );
  }

  /** The secret of now signs for a while yet. */
  async rotate({ tenant, id }: WebhookName, secret: string, createdBy: string): Promise<void> {
    await this.tables.transact([
      `UPDATE atome_webhooks SET previous_secret = secret, previous_until = ${this.now} + ?, secret = ?, created_by = ?
        WHERE tenant = ? AND id = ?`,
      ...[OVERLAP_MS, secret, createdBy, tenant, id],
    ]);
  }

  /** Unless it leads elsewhere by now. */
  async disable({ id, url }: Pick<SendingWebhook, 'id' | 'url'>, reason: string): Promise<void> {
    await this.tables.transact([
      'UPDATE atome_webhooks SET enabled = 0, disabled_reason = ? WHERE id = ? AND url = ? AND enabled = 1',
      ...[reason, id, url],
    ]);
  }

  /** In the order in which a delivery takes its rows: one that is under way would wait for what waits for it. */
  async remove({ tenant, id }: WebhookName): Promise<void> {
    const of = (table: string, column: string): Statement => [
      `DELETE FROM ${table} WHERE ${column} = ? AND tenant = ?`,
      ...[id, tenant],
    ];
    await this.tables.transact(
      of('atome_webhooks', 'id'),
      of('atome_consumer_cursors', 'consumer'),
      of('atome_dead_letters', 'consumer'),
      of('atome_webhook_deliveries', 'webhook'),
    );
  }

  /** Has what was sent of one alteration sent once more, beside what is in order. @returns whether it was ever tried. */
  async replayOne({ tenant, id }: WebhookName, seq: number): Promise<boolean> {
    const [rows = []] = await this.tables.transact([
      `INSERT INTO atome_dead_letters (consumer, tenant, seq, atome_id, attempts, error, failed_at, is_due)
        SELECT d.webhook, d.tenant, d.seq, d.atome_id, 0, 'replayed', ${this.now}, 1 FROM atome_webhook_deliveries AS d
        WHERE d.webhook = ? AND d.tenant = ? AND d.seq = ? AND d.status <> 'failing'
        ON CONFLICT (consumer, tenant, seq) DO UPDATE SET is_due = 1 RETURNING seq`,
      ...[id, tenant, seq],
    ]);
    return rows.length > 0;
  }

  /** Goes back, or on, to behind `after`. @returns whether there is so much. */
  async moveTo({ tenant, id }: WebhookName, after: number): Promise<boolean> {
    const [rows = []] = await this.tables.transact(
      [
        `UPDATE atome_consumer_cursors SET seq = ?, attempts = 0, due_at = 0, error = NULL WHERE consumer = ? AND tenant = ?
          AND ? <= coalesce((SELECT l.seq FROM atome_ledgers AS l WHERE l.tenant = ?), 0) RETURNING tenant`,
        ...[after, id, tenant, after, tenant],
      ],
      [
        `${DELETE_FAILING} AND EXISTS (SELECT 1 FROM atome_consumer_cursors WHERE consumer = ? AND tenant = ? AND seq = ?)`,
        ...[id, tenant, id, tenant, after],
      ],
    );
    return rows.length > 0;
  }

  /** Whether there is any that is to be sent. */
  async isAny(): Promise<boolean> {
    return (await this.tables.rows('SELECT id FROM atome_webhooks WHERE enabled = 1 LIMIT 1')).length > 0;
  }

  /** Those with something to send. */
  async pending(): Promise<LaneName[]> {
    const rows = await this.tables.rows(
      `SELECT w.id AS "name", w.tenant AS "tenant" FROM atome_webhooks AS w
        JOIN atome_consumer_cursors AS c ON c.consumer = w.id AND c.tenant = w.tenant
        JOIN atome_ledgers AS l ON l.tenant = w.tenant
        WHERE w.enabled = 1 AND ((l.seq > c.seq AND c.due_at <= ${this.now}) OR EXISTS (SELECT 1 FROM atome_dead_letters AS d
          WHERE d.consumer = w.id AND d.tenant = w.tenant AND d.is_due = 1)) LIMIT ${MOST_AT_ONCE}`,
    );
    return rows as LaneName[];
  }

  /** One as it is now; undefined when it is not to be sent. */
  async sending({ tenant, name: id }: LaneName): Promise<SendingWebhook | undefined> {
    const webhook = await this.target({ tenant, id });
    return webhook?.enabled === 1 ? webhook : undefined;
  }

  /** What is needed to send, whether it is enabled or not. */
  async target({ tenant, id }: WebhookName): Promise<(SendingWebhook & { readonly enabled: number }) | undefined> {
    const rows = await this.tables.rows(
      `SELECT id, tenant, url, kinds, events, enabled, created_by AS "createdBy", secret,
        CASE WHEN previous_until > ${this.now} THEN previous_secret END AS "previous"
        FROM atome_webhooks WHERE id = ? AND tenant = ?`,
      ...[id, tenant],
    );
    type Row = Pick<WebhookRow, 'id' | 'tenant' | 'url' | 'kinds' | 'events' | 'enabled' | 'createdBy'> & {
      readonly secret: string;
      readonly previous: string | null;
    };
    const [row] = rows as Row[];
    if (!row) return undefined;
    const { secret, previous, kinds, events, ...rest } = row;
    return {
      ...rest,
      kinds: JSON.parse(kinds) as string[] | null,
      events: JSON.parse(events) as string[] | null,
      secrets: previous === null ? [secret] : [secret, previous],
    };
  }
}

/** What has failed is tried at once, as if for the first time. */
function afresh({ tenant, id }: WebhookName): Statement[] {
  return [
    ['UPDATE atome_consumer_cursors SET attempts = 0, due_at = 0 WHERE consumer = ? AND tenant = ?', id, tenant],
    [DELETE_FAILING, id, tenant],
  ];
}

function valueOf(value: unknown): string | number {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' ? Number(value) : JSON.stringify(value);
}
