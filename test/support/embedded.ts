import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AtomeModule, AtomeWsAdapter, type AtomeOptions, type AtomeStaticOptions } from '../../src/index.js';
import { Api } from './clients/api.js';

/** An application with nothing but the module, under a prefix. */
export interface EmbeddedApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly wsUrl: string;
  readonly api: Api;
  close(): Promise<void>;
}

export async function startEmbedded(
  options: AtomeOptions & AtomeStaticOptions = {},
  prefix = 'v1',
): Promise<EmbeddedApp> {
  @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', wsPath: '/v1/live', ...options })] })
  class HostModule {}
  const app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), {
    logger: false,
    // a client may open a connection that it sends nothing over, which the end would wait for
    forceCloseConnections: true,
  });
  app.setGlobalPrefix(prefix);
  app.useWebSocketAdapter(new AtomeWsAdapter(app));
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return { app, url, wsUrl: `ws://127.0.0.1:${port}/v1/live`, api: new Api(url), close: () => app.close() };
}
