import { randomUUID } from 'node:crypto';
import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { DEFAULT_WEBHOOK_OPTIONS, type WebhookOptions } from '../config/module-options.js';
import { ConsumerRunner } from '../consumers/consumer.runner.js';
import { ConsumerStore } from '../consumers/consumer.store.js';
import { SharedClock } from '../database/shared-clock.js';
import type { Tables } from '../database/tables.js';
import { errorLog } from '../http/error-log.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import { DeliveryStore } from './delivery.store.js';
import { Poster } from './poster.js';
import { WEBHOOK_LEASE, WebhookLanes } from './webhook-lanes.js';
import { WebhookSender } from './webhook-sender.js';
import { WebhookStarter } from './webhook-starter.js';
import { WebhookStore } from './webhook.store.js';
import { Webhooks } from './webhooks.js';
import { WebhooksController } from './webhooks.controller.js';

type Needs = [LedgerStore & Tables, ConsumerRunner, WebhookStore, DeliveryStore, WebhookSender, AccessPolicy];

function starterOf(options: WebhookOptions) {
  return (...[tables, runner, rows, deliveries, sender, policy]: Needs): WebhookStarter => {
    const cursors = new ConsumerStore(tables, randomUUID(), WEBHOOK_LEASE);
    const lanes = new WebhookLanes({ rows, deliveries, cursors, sender, policy, options });
    return new WebhookStarter({ runner, rows, lanes, cursors, onError: errorLog('Webhooks') });
  };
}

function providersOf(options: WebhookOptions): FactoryProvider[] {
  const poster = new Poster(options);
  return [
    {
      provide: WebhookSender,
      inject: [SharedClock],
      useFactory: ({ now }: SharedClock) => new WebhookSender(poster, now),
    },
    {
      provide: WebhookStore,
      inject: [LEDGER_STORE],
      useFactory: (tables: LedgerStore & Tables) => new WebhookStore(tables),
    },
    {
      provide: DeliveryStore,
      inject: [LEDGER_STORE],
      useFactory: (tables: LedgerStore & Tables) => new DeliveryStore(tables),
    },
    {
      provide: WebhookStarter,
      inject: [LEDGER_STORE, ConsumerRunner, WebhookStore, DeliveryStore, WebhookSender, AccessPolicy],
      useFactory: starterOf(options),
    },
    {
      provide: Webhooks,
      inject: [WebhookStore, DeliveryStore, WebhookSender, WebhookStarter],
      useFactory: (
        ...[rows, deliveries, sender, starter]: [WebhookStore, DeliveryStore, WebhookSender, WebhookStarter]
      ) => new Webhooks({ rows, deliveries, sender, poster, starter, perTenant: options.perTenant }),
    },
  ];
}

/** Webhooks, on the durable consumers. Where nobody has made one, they do nothing. */
@Module({ exports: [Webhooks] })
export class WebhooksModule {
  static from(
    rest: boolean,
    options: Partial<WebhookOptions>,
    ...imports: NonNullable<DynamicModule['imports']>
  ): DynamicModule {
    const providers = providersOf({ ...DEFAULT_WEBHOOK_OPTIONS, ...options });
    return { module: WebhooksModule, imports, providers, controllers: rest ? [WebhooksController] : [] };
  }
}
