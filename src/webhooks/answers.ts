import type { DoneAnswer } from '../protocol/messages/answers.js';
import type { Webhook, WebhookDelivery, WebhookTest, WebhookWithSecret } from './webhook.js';

/* What calls about webhooks are answered. */

/** One webhook. */
export interface WebhookAnswer extends DoneAnswer {
  readonly data: Webhook;
}

/** A new webhook. */
export interface WebhookMadeAnswer extends DoneAnswer {
  readonly data: WebhookWithSecret;
}

/** All webhooks of a tenant. */
export interface WebhooksAnswer extends DoneAnswer {
  readonly data: readonly Webhook[];
}

/** A new secret. */
export interface WebhookSecretAnswer extends DoneAnswer {
  /** `whsec_` and 32 bytes in base64. */
  readonly secret: string;
}

/** What came of a test. */
export interface WebhookTestAnswer extends DoneAnswer {
  readonly data: WebhookTest;
}

/** Deliveries, the latest first. */
export interface DeliveriesAnswer extends DoneAnswer {
  readonly data: readonly WebhookDelivery[];
}
