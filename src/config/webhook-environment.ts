import { DEFAULT_WEBHOOK_OPTIONS, type WebhookOptions } from './module-options.js';
import type { VariableReader } from './variable-reader.js';

/** Whether there are webhooks, and how they are sent. */
export function readWebhooks(read: VariableReader): false | Partial<WebhookOptions> {
  const allowPrivate = read.choice('WEBHOOKS_ALLOW_PRIVATE', 'off', ['off', 'on']) === 'on';
  const perTenant = read.integer('WEBHOOKS_PER_TENANT', DEFAULT_WEBHOOK_OPTIONS.perTenant, 1, 10_000);
  return read.choice('WEBHOOKS', 'on', ['on', 'off']) === 'on' && { allowPrivate, perTenant };
}
