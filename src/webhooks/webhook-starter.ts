import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { ConsumerRunner } from '../consumers/consumer.runner.js';
import type { ConsumerStore } from '../consumers/consumer.store.js';
import type { Lanes } from '../consumers/lane.js';
import type { WebhookStore } from './webhook.store.js';

/** How often it is looked whether another process has made the first webhook, in milliseconds. */
const LOOK_MS = 3_000;

export interface StarterParts {
  readonly runner: Pick<ConsumerRunner, 'add' | 'wake'>;
  readonly rows: Pick<WebhookStore, 'isAny'>;
  readonly lanes: Lanes;
  readonly cursors: ConsumerStore;
  readonly onError: (error: unknown) => void;
}

/** Begins to send once there is a webhook: until then there is no lease, and nobody is told of commits. */
export class WebhookStarter implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;

  constructor(private readonly parts: StarterParts) {}

  async onApplicationBootstrap(): Promise<void> {
    const isAny = await this.parts.rows.isAny().catch(this.parts.onError);
    if (isAny) this.begin();
    if (this.isOver) return;
    this.timer = setTimeout(() => void this.onApplicationBootstrap(), LOOK_MS).unref();
  }

  onModuleDestroy(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  /** There is something to send. */
  wake(tenant: string, id: string): void {
    this.begin();
    this.parts.runner.wake({ name: id, tenant }, this.parts.lanes.name);
  }

  private begin(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.parts.runner.add(this.parts.lanes, this.parts.cursors);
  }
}
