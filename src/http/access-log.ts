import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { identityOf, ruleOfRoute } from '../auth/authentication/request-authenticator.js';
import { ResolvedOptions } from '../config/module-options.js';
import { fastifyOf } from './fastify-of.js';

/** Routes of the server that are asked every few seconds, and say nothing of anybody. */
const PROBES = /^\/(?:health|metrics)(?:\/|$)/;

/**
 * One line of level info for each request, when its answer is over: who asked for which route, and what came of it. The
 * address that was asked for is not in it: there may be a secret in that.
 */
export class AccessLog {
  private readonly logger = new Logger('access');

  /** @param isLogged which requests have a line. */
  attach(fastify: FastifyInstance, isLogged: (request: FastifyRequest) => boolean): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      if (isLogged(request)) this.follow(request, reply);
      done();
    });
  }

  /** Writes the line of one request when it is over. */
  follow(request: FastifyRequest, reply: FastifyReply): void {
    const route = request.is404 ? undefined : request.routeOptions.url;
    const began = performance.now();
    // of what has been answered, and of what its caller has given up
    reply.raw.once('close', () => this.write(request, reply, { route, began }));
  }

  private write(request: FastifyRequest, { raw }: FastifyReply, { route, began }: Followed): void {
    const principal = identityOf(request)?.principal;
    this.logger.log({
      requestId: request.id,
      method: request.method,
      route,
      status: raw.headersSent ? raw.statusCode : undefined,
      ms: Math.round((performance.now() - began) * 10) / 10,
      principal: principal?.id,
      tenant: principal?.tenant,
      ...(!raw.writableFinished && { aborted: true }),
    });
  }
}

/** Those of the server: all but probes. */
export function isNoProbe({ is404, routeOptions: { url = '' } }: FastifyRequest): boolean {
  return is404 || !PROBES.test(url);
}

interface Followed {
  readonly route: string | undefined;
  readonly began: number;
}

/** The lines of the module's own routes, in an application that wants them. */
@Injectable()
export class OwnAccessLog implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly options: ResolvedOptions,
  ) {}

  onModuleInit(): void {
    const fastify = this.options.accessLog ? fastifyOf(this.host) : undefined;
    if (fastify) new AccessLog().attach(fastify, (request) => ruleOfRoute(request) !== undefined);
  }
}
