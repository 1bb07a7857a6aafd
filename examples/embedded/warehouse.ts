import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { AtomeEvents, OnAtome, type TenantEvent } from '@atome-sync/server';
import { filter, type Subscription } from 'rxjs';

/** Learns of orders after they are durable, whoever wrote them: this shop's code, REST, or a socket. */
@Injectable()
export class Warehouse implements OnModuleInit, OnModuleDestroy {
  /** Ids of the orders to pack. */
  readonly toPack: string[] = [];
  /** How many events there have been, of whatever kind. */
  seen = 0;
  private subscription: Subscription | undefined;

  constructor(private readonly events: AtomeEvents) {}

  @OnAtome('created')
  pack(event: TenantEvent): void {
    if (event.type === 'atome:created' && event.atome.kind === 'order') this.toPack.push(event.atome.id);
  }

  onModuleInit(): void {
    this.subscription = this.events.stream
      .pipe(filter(({ type }) => type !== 'atome:left'))
      .subscribe(() => (this.seen += 1));
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }
}
