import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RULE } from '../auth/authentication/request-authenticator.js';
import { ResolvedOptions } from '../config/module-options.js';
import { AtomeError } from '../protocol/index.js';
import { fastifyOf } from './fastify-of.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';
import { NOTHING_HERE } from './problem.js';
import { CONTENT_TYPES, describeContent } from './request-content.js';

/** A path of the application, and what may be done there. */
export interface KnownRoute {
  /** As it was declared, such as `/api/atome/:id`. */
  readonly url: string;
  readonly methods: readonly string[];
  /** Of the module; a host application has others. */
  readonly isOwn: boolean;
  /** Matches the paths that it answers. */
  readonly pattern: RegExp;
}

/**
 * The routes as the application declares them. Answers what no route answers: `OPTIONS` with `Allow` (RFC 9110
 * §9.3.7), and a path that is there under another method with 405 and `Allow` (§15.5.6), not with 404.
 */
@Injectable()
export class RouteTable implements OnModuleInit {
  private readonly known: KnownRoute[] = [];
  private readonly fastify: FastifyInstance | undefined;
  private isAnswering = false;

  constructor(host: HttpAdapterHost, { limits }: ResolvedOptions) {
    // routes are declared after the providers are made
    this.fastify = fastifyOf(host);
    const problems = new ProblemFilter();
    this.fastify?.addHook('onRoute', (route) => {
      const { method, url, config } = route;
      // the preflights of CORS have all paths; what is not there stays 404
      if (url === '*') return;
      const isOwn = config !== undefined && RULE in config;
      // what is refused before a handler is called would be a matter of the application's filters
      if (isOwn) {
        route.errorHandler = (...failed) => problems.answer(...failed);
        route.bodyLimit = limits.messageBytes;
      }
      this.known.push({ url, methods: [method].flat(), isOwn, pattern: patternOf(url) });
    });
  }

  get routes(): readonly KnownRoute[] {
    return this.known;
  }

  /** In a host application only the paths of the module: the others are the host's. */
  onModuleInit(): void {
    if (this.fastify && this.known.some(({ isOwn, url }) => isOwn && url.includes('/:')))
      warnOfShortPaths(this.fastify);
    if (!this.isAnswering) this.answer('own');
  }

  answer(whose: 'all' | 'own'): void {
    this.isAnswering = true;
    this.fastify?.addHook('onRequest', (request, reply, done) => {
      const isOptions = request.method === 'OPTIONS';
      if (!request.is404 && (!isOptions || isPreflight(request))) return done();
      const path = request.url.split('?', 1)[0]!;
      const methods = path === '*' && whose === 'all' ? this.allMethods() : this.methodsAt(path, whose);
      if (methods.length === 0) return done(nothingAt(whose, isOptions));
      void reply.header('Allow', methods.join(', '));
      if (isOptions) return answerOptions(reply, methods);
      const sentence = `${request.method} is not possible here; use ${methods.join(', ')}`;
      sendProblem(new AtomeError('method_not_allowed', sentence), request, reply);
    });
  }

  /** Of the server as a whole, which `OPTIONS *` asks about (RFC 9110 §9.3.7). */
  private allMethods(): string[] {
    return [...new Set([...this.known.flatMap(({ methods }) => methods), 'OPTIONS'])];
  }

  private methodsAt(path: string, whose: 'all' | 'own'): string[] {
    const here = this.known.filter(({ pattern }) => pattern.test(path));
    if (!here.some(({ isOwn }) => isOwn || whose === 'all')) return [];
    return [...new Set([...here.flatMap(({ methods }) => methods), 'OPTIONS'])];
  }
}

/** What a browser asks before a page of another origin may call; CORS answers it, where it is on. */
function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** CORS would answer for any path. What else is not there, the application says. */
function nothingAt(whose: 'all' | 'own', isOptions: boolean): AtomeError | undefined {
  return isOptions && whose === 'all' ? new AtomeError('not_found', NOTHING_HERE) : undefined;
}

function answerOptions(reply: FastifyReply, methods: readonly string[]): void {
  for (const method of methods) {
    if (method in CONTENT_TYPES) void reply.header(...describeContent(method));
  }
  void reply.code(204).send();
}

/** Ids have at most so many characters. */
const LONGEST_ID = 128;

/** Fastify answers 414 itself to an id that is longer than its router takes. */
function warnOfShortPaths({ initialConfig }: FastifyInstance): void {
  const longest = initialConfig.routerOptions?.maxParamLength ?? initialConfig.maxParamLength ?? LONGEST_ID;
  if (longest >= LONGEST_ID) return;
  const help = `new FastifyAdapter({ routerOptions: { maxParamLength: ${LONGEST_ID} } })`;
  new Logger('Http').warn(
    `atomes whose ids have more than ${longest} characters cannot be asked for by REST; create the adapter with ${help}`,
  );
}

function patternOf(url: string): RegExp {
  const parts = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${parts.replace(/:[^/]+/g, '[^/]+')}$`);
}
