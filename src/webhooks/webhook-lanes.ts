import type { ConsumerCall, Delivery, TenantEvent } from '../consumers/consumer-options.js';
import { eventFor } from '../consumers/event-for.js';
import { wordsOf } from '../consumers/error-text.js';
import type { Lane, LaneName, Lanes, Outcome } from '../consumers/lane.js';
import { isAbout } from '../consumers/tenant-lanes.js';
import type { AccessPolicy } from '../auth/authorization/access-policy.js';
import type { WebhookOptions } from '../config/module-options.js';
import { headerOfAtome, type Committed } from '../ledger/outcome.js';
import { OWN_LEASE, type ConsumerStore } from '../consumers/consumer.store.js';
import type { Statement } from '../database/tables.js';
import type { DeliveryStore } from './delivery.store.js';
import { NotDelivered, type WebhookSender } from './webhook-sender.js';
import { messageId } from './signature.js';
import type { SendingWebhook, WebhookStore } from './webhook.store.js';

/** Under which all webhooks are sent by one process. */
export const WEBHOOK_LEASE = `${OWN_LEASE}webhooks`;

/** How many are sent at once by this process; of one tenant a quarter of that. */
const AT_ONCE = 32;
/** How long the end waits for answers, in milliseconds. */
const GRACE_MS = 1_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** The longest that a receiver may ask to be left alone, in milliseconds. */
const LONGEST_ASKED_MS = 24 * 3_600_000;
/** How many tenants are remembered for what is committed here. */
const MOST_KNOWN = 10_000;

/** What the lanes of webhooks need. */
export interface WebhookParts {
  readonly rows: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly cursors: ConsumerStore;
  readonly sender: WebhookSender;
  readonly policy: Pick<AccessPolicy, 'isAllowed'>;
  readonly options: WebhookOptions;
}

/** All webhooks of all tenants: a lane each. */
export class WebhookLanes implements Lanes {
  readonly name = WEBHOOK_LEASE;
  readonly atOnce = AT_ONCE;
  readonly graceMs = GRACE_MS;
  /** Those that had something to send before, as they were then, by tenant: what is committed here is sent without a look. */
  private readonly known = new Map<string, Map<string, Lane>>();

  constructor(private readonly parts: WebhookParts) {}

  register(): Promise<void> {
    return this.parts.cursors.register(this.name, true);
  }

  pending(): Promise<LaneName[]> {
    return this.parts.rows.pending();
  }

  concerned(tenant: string, committed: readonly Committed[]): readonly LaneName[] {
    const lanes = [...(this.known.get(tenant)?.values() ?? [])];
    return lanes.filter(({ takes }) => committed.some(takes));
  }

  async lane(name: LaneName): Promise<Lane | undefined> {
    const webhook = await this.parts.rows.sending(name);
    const lane = webhook && this.laneOf(webhook);
    if (lane) this.remember(lane);
    else this.forget(name);
    return lane;
  }

  /** A webhook has its cursor from its beginning. */
  begin(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  private remember(lane: Lane): void {
    const ofTenant = this.known.get(lane.tenant) ?? new Map<string, Lane>();
    ofTenant.set(lane.name, lane);
    if (this.known.size < MOST_KNOWN) this.known.set(lane.tenant, ofTenant);
  }

  private forget({ name, tenant }: LaneName): void {
    const ofTenant = this.known.get(tenant);
    ofTenant?.delete(name);
    if (ofTenant?.size === 0) this.known.delete(tenant);
  }

  private laneOf(webhook: SendingWebhook): Lane {
    const { deliveries, options } = this.parts;
    const { id, tenant, createdBy } = webhook;
    const kinds = webhook.kinds ? new Set(webhook.kinds) : undefined;
    const reader = { id: createdBy, tenant, roles: ['admin'] };
    const takes = (committed: Committed): boolean => {
      if (!isAbout({ kinds }, committed)) return false;
      if (webhook.events && !webhook.events.includes(eventFor(tenant, committed).type)) return false;
      return this.parts.policy.isAllowed(reader, 'read', committed.current ?? headerOfAtome(committed.atome));
    };
    let responseStatus: number | null = null;
    const call: ConsumerCall = async (event, delivery) => {
      try {
        responseStatus = null;
        responseStatus = await this.send(webhook, event, delivery);
      } catch (error) {
        if (error instanceof NotDelivered) responseStatus = error.status ?? null;
        throw error;
      }
    };
    const record = (outcome: Outcome): Statement[] => {
      const { error, committed } = outcome;
      const event = eventFor(tenant, committed).type;
      const text = error === undefined ? null : wordsOf(error);
      return deliveries.recording(id, outcome, {
        messageId: messageId(id, committed.hash),
        event,
        responseStatus,
        error: text,
      });
    };
    const pauseAfter = (_attempts: number, error?: unknown): number | undefined =>
      error instanceof NotDelivered ? error.pauseMs : options.backoffMs;
    return { name: id, tenant, takes, call, record, pauseAfter };
  }

  private async send(webhook: SendingWebhook, event: TenantEvent, delivery: Delivery): Promise<number> {
    const { rows, deliveries, sender } = this.parts;
    const { id } = webhook;
    const message = { id: messageId(id, delivery.key), event, trace: delivery.traceparent };
    try {
      return await sender.send(webhook, message, delivery.signal);
    } catch (error) {
      if (!(error instanceof NotDelivered)) throw error;
      // whoever is gone for good is left alone; the event stays where it is
      if (error.status === 410) await rows.disable(webhook, 'the receiver has answered 410: it is gone');
      const failingMs = delivery.attempt > 1 ? await deliveries.failingFor(id, event.seq) : 0;
      error.pauseMs = error.status === 410 ? 1 : this.pauseOf(delivery.attempt, failingMs, error.askedMs);
      throw error;
    }
  }

  /** @returns undefined where it has been tried for long enough; the last attempt is at the end of that time. */
  private pauseOf(attempts: number, failingMs: number, askedMs = 0): number | undefined {
    const { backoffMs, giveUpMs } = this.parts.options;
    if (failingMs >= giveUpMs) return undefined;
    const pauseMs = Math.min(backoffMs * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
    return Math.ceil(Math.min(Math.max(pauseMs, Math.min(askedMs, LONGEST_ASKED_MS)), giveUpMs - failingMs));
  }
}
