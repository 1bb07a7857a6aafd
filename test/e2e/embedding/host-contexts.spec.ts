import type { AddressInfo, Server } from 'node:net';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { AtomeModule, AtomeService, AtomeWsAdapter, type Atome } from '../../../src/index.js';
import { Api } from '../../support/clients/api.js';

/** Code of an application, which Nest calls for a route, and as it calls a resolver. */
@Injectable()
@Controller('mine')
class Mine {
  constructor(private readonly atomes: AtomeService) {}

  @Get()
  @MessagePattern('mine')
  get(): Promise<Atome> {
    return this.atomes.get('none');
  }
}

describe('what the service refuses', () => {
  let app: NestFastifyApplication;
  beforeEach(async () => {
    @Module({
      imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:' })],
      controllers: [Mine],
      providers: [Mine],
    })
    class Host {}
    app = await NestFactory.create<NestFastifyApplication>(Host, new FastifyAdapter(), { logger: false });
    app.useWebSocketAdapter(new AtomeWsAdapter(app));
    await app.listen(0, '127.0.0.1');
  });
  afterEach(() => app.close());

  it("is a problem at the application's own routes", async () => {
    const { status, body } = await new Api(await app.getUrl()).get('/mine');
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'not_found' });
  });

  it('is told to who asks by another transport, by its code', async () => {
    const tcp = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };
    const microservice = app.connectMicroservice(tcp, { inheritAppConfig: true });
    await app.startAllMicroservices();
    const { port } = microservice.unwrap<Server>().address() as AddressInfo;
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    const asked = firstValueFrom(client.send('mine', ''));
    await expect(asked).rejects.toEqual({
      code: 'not_found',
      message: 'there is no atome "none"',
      status: 404,
      retryable: false,
    });
    await client.close();
  });

  it('is thrown on to what is no route, such as a resolver', async () => {
    const mine = app.get(Mine);
    const resolve = app
      .get(ExternalContextCreator)
      .create(mine, mine.get.bind(mine), 'get', undefined, undefined, undefined, undefined, undefined, 'graphql');
    await expect(resolve()).rejects.toMatchObject({ code: 'not_found', message: 'there is no atome "none"' });
  });
});

describe('an application that is a microservice alone', () => {
  it('has the service, and tells its callers what that refuses', async () => {
    @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', ws: false })], controllers: [Mine] })
    class Host {}
    const options = {
      transport: Transport.TCP as const,
      options: { host: '127.0.0.1', port: 0 },
      logger: false as const,
    };
    const service = await NestFactory.createMicroservice(Host, options);
    await service.listen();
    const { port } = service.unwrap<Server>().address() as AddressInfo;
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    await expect(firstValueFrom(client.send('mine', ''))).rejects.toMatchObject({ code: 'not_found', status: 404 });
    await service.get(AtomeService).create({ id: 'none', kind: 'note', data: {} });
    expect(await firstValueFrom(client.send<unknown>('mine', ''))).toMatchObject({ id: 'none', version: 1 });
    await client.close();
    await service.close();
  });
});
