/* Programs of applications, as texts: they run in a project that has the packages installed. */

/** One of CommonJS, which says when it listens. */
export function commonJsHost(port: number): string {
  return `require('reflect-metadata');
    const { Module } = require('@nestjs/common');
    const { NestFactory } = require('@nestjs/core');
    const { FastifyAdapter } = require('@nestjs/platform-fastify');
    const { AtomeModule, AtomeWsAdapter } = require('@atome-sync/server');
    class AppModule {}
    Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:' })] })(AppModule);
    NestFactory.create(AppModule, new FastifyAdapter()).then(async (app) => {
      app.useWebSocketAdapter(new AtomeWsAdapter(app));
      app.enableShutdownHooks();
      await app.listen(${port}, '127.0.0.1');
      console.log('listening');
    });`;
}

/** @param platform what it is made with: an adapter, options of the module, and the class of an adapter for WebSockets. */
export function otherHost(port: number, platform: string): string {
  return `import 'reflect-metadata';
    import { Module } from '@nestjs/common';
    import { NestFactory } from '@nestjs/core';
    import { ExpressAdapter } from '@nestjs/platform-express';
    import { FastifyAdapter } from '@nestjs/platform-fastify';
    import { IoAdapter } from '@nestjs/platform-socket.io';
    import { WebSocketGateway } from '@nestjs/websockets';
    import { AtomeModule } from '@atome-sync/server';
    const [adapter = new ExpressAdapter(), options = {}, Sockets] = [${platform}];
    class Chat {}
    WebSocketGateway()(Chat);
    class AppModule {}
    const atomes = AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', ...options });
    Module({ imports: [atomes], providers: Sockets ? [Chat] : [] })(AppModule);
    const app = await NestFactory.create(AppModule, adapter);
    if (Sockets) app.useWebSocketAdapter(new Sockets(app));
    app.enableShutdownHooks();
    await app.listen(${port}, '127.0.0.1');
    console.log('listening');`;
}
