import { Injectable } from '@nestjs/common';
import { AtomeService, type Atome } from '@atome-sync/server';

/** Orders are atomes of the kind `order`: whoever shows one sees each change of it live. */
@Injectable()
export class OrdersService {
  constructor(private readonly atomes: AtomeService) {}

  async place(article: string, count: number): Promise<Atome> {
    const { atome } = await this.atomes.create({ kind: 'order', data: { article, count, state: 'placed' } });
    return atome;
  }

  async ship(id: string): Promise<Atome> {
    const { atome } = await this.atomes.alter(id, { operation: 'update', changes: { state: 'shipped' } });
    return atome;
  }
}
