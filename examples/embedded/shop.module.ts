import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { ApiKeyGuard } from './api-key.guard.js';
import { Billing } from './billing.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';
import { Warehouse } from './warehouse.js';

@Module({})
export class ShopModule implements OnApplicationShutdown {
  constructor(private readonly database: DataSource) {}

  static with(database: DataSource, atomes: DynamicModule): DynamicModule {
    return {
      module: ShopModule,
      imports: [atomes],
      controllers: [OrdersController],
      providers: [
        OrdersService,
        Warehouse,
        Billing,
        { provide: DataSource, useValue: database },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
      ],
    };
  }

  onApplicationShutdown(): Promise<void> {
    return this.database.destroy();
  }
}
