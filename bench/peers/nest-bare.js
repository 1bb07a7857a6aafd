import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { decorate } from './decorate.js';
import { sayListening } from './listening.js';

/* The least that Nest on Fastify can be. */

class HelloController {
  hello() {
    return { success: true };
  }
}
decorate([Get()], HelloController.prototype, 'hello');
decorate([Controller('hello')], HelloController);

class AppModule {}
decorate([Module({ controllers: [HelloController] })], AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
sayListening(app.getHttpServer());
