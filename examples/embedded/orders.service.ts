import { ConflictException, Injectable } from '@nestjs/common';
import { AtomeService, type Atome } from '@atome-sync/server';
import type { UpdateResult } from 'typeorm';
import { Stock } from './database.js';

/** Orders are atomes of the kind `order`: whoever shows one sees each change of it live. */
@Injectable()
export class OrdersService {
  constructor(private readonly atomes: AtomeService) {}

  /** Takes the articles out of the stock and places the order, or does neither. */
  async place(article: string, count: number): Promise<Atome> {
    const { writes } = await this.atomes.transaction(async (tx) => {
      const taken: UpdateResult = await tx.manager
        .createQueryBuilder()
        .update(Stock)
        .set({ left: () => '"left" - :count' })
        .where('article = :article AND "left" >= :count', { article, count })
        .execute();
      if (taken.affected === 0) throw new ConflictException(`there are no ${count} of ${article} left`);
      await tx.create({ kind: 'order', data: { article, count } });
    });
    return writes[0]!.atome;
  }

  async ship(id: string): Promise<Atome> {
    const { atome } = await this.atomes.alter(id, { operation: 'update', changes: { state: 'shipped' } });
    return atome;
  }
}
