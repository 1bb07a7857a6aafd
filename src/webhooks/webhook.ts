import type { AtomeEvent } from '../protocol/index.js';

/** What a webhook can be told of. */
export type WebhookEvent = Exclude<AtomeEvent['type'], 'atome:left'>;

export const WEBHOOK_EVENTS: readonly WebhookEvent[] = [
  'atome:created',
  'atome:updated',
  'atome:altered',
  'atome:deleted',
];

/** Where the events of a tenant are posted to. */
export interface Webhook {
  /** `wh_…` */
  readonly id: string;
  /** Where to. */
  readonly url: string;
  /** Only atomes of these kinds, or that were of them before the change; null: of all. */
  readonly kinds: readonly string[] | null;
  /** Only these; null: all. */
  readonly events: readonly WebhookEvent[] | null;
  /** For people. */
  readonly description: string;
  /** Whether it is sent. */
  readonly enabled: boolean;
  /** Why the server has disabled it; null where it has not. */
  readonly disabledReason: string | null;
  /** All up to here is sent, or given up. */
  readonly seq: number;
  /** How many alterations are behind that. */
  readonly lag: number;
  /** Who has made it, or has given it its address or secret since; in whose name atomes are read. */
  readonly createdBy: string;
  /** ISO 8601 in UTC. */
  readonly createdAt: string;
}

/** A webhook with what signs what is sent: told once. */
export interface WebhookWithSecret extends Webhook {
  /** `whsec_` and 32 bytes in base64, as Standard Webhooks has it. */
  readonly secret: string;
}

/** What can be said of a webhook. */
export interface WebhookChange {
  /** Where to; `https:`. */
  readonly url?: string;
  /** Only atomes of these kinds; null, or left out in a new one: of all. */
  readonly kinds?: readonly string[] | null;
  /** Only these; null, or left out in a new one: all. */
  readonly events?: readonly WebhookEvent[] | null;
  /** For people. */
  readonly description?: string;
  /** Whether it is sent; a disabled one goes on where it stopped. */
  readonly enabled?: boolean;
}

/** A new webhook. */
export type WebhookInput = WebhookChange & Required<Pick<WebhookChange, 'url'>>;

/** What has become of an event on its way to a webhook. */
export interface WebhookDelivery {
  /** Of the alteration. */
  readonly seq: number;
  /** `webhook-id`, the same at each attempt. */
  readonly id: string;
  /** What was told. */
  readonly event: WebhookEvent;
  /** Of which atome. */
  readonly atomeId: string;
  /** `failing`: it is tried again at `nextAt`; `dead`: it is not, unless somebody replays it. */
  readonly status: 'delivered' | 'failing' | 'dead';
  /** How often it was sent. */
  readonly attempts: number;
  /** The status of the last answer; null where there was none. */
  readonly responseStatus: number | null;
  /** What the last attempt has failed with; null where it has not. */
  readonly error: string | null;
  /** Of the last attempt; ISO 8601 in UTC. */
  readonly attemptedAt: string;
  /** When it is sent again; null for never. */
  readonly nextAt: string | null;
}

/** Which webhook, of whom. */
export interface WebhookName {
  /** Whose it is. */
  readonly tenant: string;
  /** `wh_…` */
  readonly id: string;
}

/** Which deliveries, the latest first. */
export interface DeliveryQuery {
  /** Only these. */
  readonly status?: WebhookDelivery['status'] | undefined;
  /** At most so many; default 100. */
  readonly limit?: number;
}

/** What came of a test. */
export interface WebhookTest {
  /** Whether the receiver has taken it. */
  readonly delivered: boolean;
  /** The status of its answer; null where there was none. */
  readonly responseStatus: number | null;
  /** Why it has not; null where it has. */
  readonly error: string | null;
}

/** One that is to be made. */
export type NewWebhook = WebhookName &
  Pick<WebhookWithSecret, 'url' | 'kinds' | 'events' | 'description' | 'enabled' | 'createdBy' | 'secret'>;

/** Where a message goes, and what signs it. */
export interface Target {
  readonly url: string;
  /** That of before too, for as long as it signs. */
  readonly secrets: readonly string[];
}

/** Webhooks as they are kept. */
export interface WebhookRows {
  /** @returns whether the tenant had fewer than `most`. */
  create(webhook: NewWebhook, most: number): Promise<boolean>;
  list(tenant: string, id?: string): Promise<Webhook[]>;
  change(name: WebhookName, change: Readonly<Record<string, unknown>>): Promise<void>;
  rotate(name: WebhookName, secret: string, createdBy: string): Promise<void>;
  remove(name: WebhookName): Promise<void>;
  target(name: WebhookName): Promise<Target | undefined>;
  /** @returns whether it was ever tried. */
  replayOne(name: WebhookName, seq: number): Promise<boolean>;
  /** @returns whether there is so much. */
  moveTo(name: WebhookName, after: number): Promise<boolean>;
}

/** What {@link WebhookRows} are served with. */
export interface WebhooksParts {
  readonly rows: WebhookRows;
  readonly deliveries: { list(name: WebhookName, query: DeliveryQuery): Promise<WebhookDelivery[]> };
  readonly sender: {
    post(target: Target, message: { id: string; body: string }, signal: AbortSignal): Promise<number>;
  };
  readonly poster: { problemOf(url: string): string | undefined };
  readonly starter: { wake(tenant: string, id: string): void };
  /** How many a tenant may have. */
  readonly perTenant: number;
}
