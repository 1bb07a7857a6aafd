import { ValidationPipe, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AtomeModule, AtomeWsAdapter, type AtomeOptions } from '@atome-sync/server';
import { openDatabase } from './database.js';
import { kinds } from './kinds.js';
import { ShopModule } from './shop.module.js';

const atomeModule = (options: AtomeOptions): DynamicModule => AtomeModule.forRoot({ ...options, wsPath: '/v1/live' });

/** The shop, not yet listening. */
export async function createShop(databaseUrl: string, moduleOf = atomeModule): Promise<NestFastifyApplication> {
  const dataSource = await openDatabase(databaseUrl);
  const app = await NestFactory.create<NestFastifyApplication>(
    ShopModule.with(dataSource, moduleOf({ dataSource, kinds })),
    new FastifyAdapter({ routerOptions: { maxParamLength: 128 } }),
    { logger: ['error', 'warn'] },
  );
  app.setGlobalPrefix('v1');
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  app.useWebSocketAdapter(new AtomeWsAdapter(app));
  app.enableShutdownHooks();
  return app;
}
