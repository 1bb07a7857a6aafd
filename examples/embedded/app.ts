import { ValidationPipe, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AtomeModule, AtomeWsAdapter } from '@atome-sync/server';
import { ShopModule } from './shop.module.js';

/** The shop, not yet listening. */
export async function createShop(
  atomes: DynamicModule = AtomeModule.forRoot({ databaseUrl: 'sqlite:./data/shop.sqlite', wsPath: '/v1/live' }),
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    ShopModule.with(atomes),
    new FastifyAdapter({ routerOptions: { maxParamLength: 128 } }),
    {
      logger: ['error', 'warn'],
    },
  );
  app.setGlobalPrefix('v1');
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  app.useWebSocketAdapter(new AtomeWsAdapter(app));
  app.enableShutdownHooks();
  return app;
}
