import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AtomeHealthIndicator, AtomeModule, AtomeWsAdapter } from '../../../src/index.js';
import { Api } from '../../support/clients/api.js';
import { DATABASES, type Database } from '../../support/databases/databases.js';
import { createDatabase } from '../../support/databases/postgres.js';
import { TcpProxy } from '../../support/faults/tcp-proxy.js';

/** The health of an application as it looks at it itself. */
@Controller('healthz')
class Health {
  constructor(
    private readonly health: HealthCheckService,
    private readonly atomes: AtomeHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.atomes.isHealthy(), () => this.atomes.isHealthy('named')]);
  }
}

let app: NestFastifyApplication;
let database: Database;
afterEach(async () => {
  await app.close();
  await database.drop();
});

async function start(databaseUrl: string): Promise<Api> {
  @Module({
    imports: [AtomeModule.forRoot({ databaseUrl }), TerminusModule.forRoot({ logger: false })],
    controllers: [Health],
  })
  class HostModule {}
  app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), { logger: false });
  app.useWebSocketAdapter(new AtomeWsAdapter(app));
  await app.listen(0, '127.0.0.1');
  return new Api(await app.getUrl());
}

it.each(DATABASES)('atomes on %s are part of the health of an application', async (_name, create) => {
  database = await create();
  const api = await start(database.url);
  expect(await api.get('/healthz')).toMatchObject({
    status: 200,
    body: { status: 'ok', details: { atomes: { status: 'up' }, named: { status: 'up' } } },
  });
  const indicator = app.get(AtomeHealthIndicator);
  await app.close();
  expect(await indicator.isHealthy()).toEqual({ atomes: { status: 'down', message: 'going down' } });
});

describe('an application whose database has gone', () => {
  let proxy: TcpProxy;
  afterEach(() => proxy.restore().then(() => proxy.cut()));

  it('is not well, and says why', async () => {
    const direct = await createDatabase();
    database = direct;
    const url = new URL(direct.url);
    proxy = await TcpProxy.to(Number(url.port));
    url.host = `127.0.0.1:${proxy.port}`;
    const api = await start(url.href);
    await proxy.cut();
    expect(await api.get('/healthz')).toMatchObject({
      status: 503,
      body: { status: 'error', error: { atomes: { status: 'down', message: expect.stringContaining('database') } } },
    });
  });
});
