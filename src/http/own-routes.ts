import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { RequestAuthenticator } from '../auth/authentication/request-authenticator.js';
import type { ArrivingBodies } from './arriving-bodies.js';
import { addBodyParsers, PATCH_TYPES } from './body-parsers.js';
import { keepOutOfCaches } from './cache-headers.js';
import type { ByteBudget } from './byte-budget.js';
import type { Limits } from '../protocol/index.js';
import type { Drain } from './drain.js';
import { takeOwnQueries } from './own-query.js';
import { sendLargeAnswersInParts } from './large-answers.js';
import { fastifyOf } from './fastify-of.js';
import { LimitedLog } from './limited-log.js';
import type { RequestTurns } from './request-turns.js';
import { refuseExtras } from './refused-extras.js';
import { takeOwnContent } from './request-content.js';

/** What is on its way to us and from us. */
export class Transfers {
  constructor(
    readonly bodies: ArrivingBodies,
    readonly answers: ByteBudget,
    readonly limits: Limits,
  ) {}
}

/** When calls begin, and until when. */
export class WayIn {
  constructor(
    readonly turns: RequestTurns,
    readonly drain: Drain,
  ) {}
}

/** What stands in front of the module's own routes, in this order, in whatever application they are. */
@Injectable()
export class OwnRoutes implements OnModuleInit {
  constructor(
    private readonly http: HttpAdapterHost,
    private readonly requestAuthenticator: RequestAuthenticator,
    private readonly transfers: Transfers,
    private readonly way: WayIn,
  ) {}

  onModuleInit(): void {
    const fastify = fastifyOf(this.http);
    if (fastify) this.prepare(fastify);
  }

  private prepare(fastify: FastifyInstance): void {
    takeOwnQueries(fastify);
    addBodyParsers(fastify, PATCH_TYPES);
    keepOutOfCaches(fastify);
    this.requestAuthenticator.register(fastify);
    this.way.turns.attach(fastify);
    refuseExtras(fastify);
    const log = new LimitedLog(new Logger('Http'));
    const { bodies, answers, limits } = this.transfers;
    takeOwnContent(fastify, { bodies, log, limits });
    sendLargeAnswersInParts(fastify, { budget: answers, log });
    fastify.addHook('onSend', (request, reply, _payload, done) => {
      if (this.way.drain.isLeaving && request.raw.httpVersionMajor === 1) reply.header('connection', 'close');
      done();
    });
    // behind the body: one that never comes whole must not hold the end
    fastify.addHook('preHandler', (_request, reply, done) => {
      this.way.drain.track(reply.raw);
      done();
    });
  }
}
