import { Injectable } from '@nestjs/common';
import { OnAtome, type Delivery, type TenantEvent } from '@atome-sync/server';
import { Bill } from './database.js';

/** One bill for each order that is shipped, whoever has shipped it, also while the shop was closed. */
@Injectable()
export class Billing {
  @OnAtome({ consumer: 'billing', kinds: ['order'], from: 'start' })
  async bill(event: TenantEvent, delivery: Delivery): Promise<void> {
    if (event.type !== 'atome:altered' && event.type !== 'atome:updated') return;
    const { id, data } = event.atome;
    if (data.state !== 'shipped') return;
    // the bill and "this event is handled" are committed together
    await delivery.transaction(({ manager }) => manager.insert(Bill, { id, total: Number(data.total) }));
  }
}
