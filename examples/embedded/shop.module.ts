import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiKeyGuard } from './api-key.guard.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';
import { Warehouse } from './warehouse.js';

@Module({})
export class ShopModule {
  static with(atomes: DynamicModule): DynamicModule {
    return {
      module: ShopModule,
      imports: [atomes],
      controllers: [OrdersController],
      providers: [OrdersService, Warehouse, { provide: APP_GUARD, useClass: ApiKeyGuard }],
    };
  }
}
