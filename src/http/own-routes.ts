import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { RequestAuthenticator } from '../auth/authentication/request-authenticator.js';
import { ArrivingBodies } from './arriving-bodies.js';
import { addBodyParsers, PATCH_TYPES } from './body-parsers.js';
import { keepOutOfCaches } from './cache-headers.js';
import { ByteBudget, defaultByteLimits } from './byte-budget.js';
import { Drain } from './drain.js';
import { sendLargeAnswersInParts } from './large-answers.js';
import { LimitedLog } from './limited-log.js';
import { refuseExtras } from './refused-extras.js';
import { takeOwnContent } from './request-content.js';

/** What stands in front of the module's own routes, in this order, in whatever application they are. */
@Injectable()
export class OwnRoutes implements OnModuleInit {
  constructor(
    private readonly http: HttpAdapterHost,
    private readonly requestAuthenticator: RequestAuthenticator,
    private readonly bodies: ArrivingBodies,
    private readonly drain: Drain,
  ) {}

  onModuleInit(): void {
    // an application context (a worker, a command) has no server
    const adapter = this.http.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter) this.prepare(adapter.getInstance<FastifyInstance>());
  }

  private prepare(fastify: FastifyInstance): void {
    addBodyParsers(fastify, PATCH_TYPES);
    keepOutOfCaches(fastify);
    this.requestAuthenticator.register(fastify);
    refuseExtras(fastify);
    const log = new LimitedLog(new Logger('Http'));
    takeOwnContent(fastify, { bodies: this.bodies, log });
    sendLargeAnswersInParts(fastify, { budget: new ByteBudget(defaultByteLimits()), log });
    // behind the body: one that never comes whole must not hold the end
    fastify.addHook('preHandler', (request, reply, done) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') this.drain.track(reply.raw);
      done();
    });
  }
}
