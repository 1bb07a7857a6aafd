import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { SESSION_DEPENDENCIES, type SessionDependencies } from '../realtime/session-dependencies.js';
import { AtomeWsAdapter } from '../realtime/ws-adapter.js';
import { connectionsWithin, connectionWarning, HttpConnections, openFileLimit } from './http-connections.js';
import { serveAsyncDocs } from './async-docs.js';
import { servePages } from './pages.js';
import { setupPerimeter } from './perimeter.js';
import { addressInOwnWords } from '../compat/addresses.js';
import type { Config } from '../config/environment.js';
import { ResolvedOptions } from '../config/module-options.js';
import { connectionErrors, refuseConnect, refuseExpectation } from '../http/connection-errors.js';
import { LimitedLog } from '../http/limited-log.js';
import { DEFAULT_LIMITS } from '../protocol/index.js';
import { ProblemFilter, sendProblem } from '../http/problem.filter.js';
import { AccessLog, isNoProbe } from '../http/access-log.js';
import { REQUEST_ID, requestIdOf } from '../http/request-id.js';
import { openLogger } from '../ops/logger.js';

/** How long a request may take to arrive, and its headers, in milliseconds. */
const REQUEST_MS = 60_000;
const HEADERS_MS = 15_000;
/** How long a part of the server may take to start, in milliseconds: on a busy machine more than the 10 s of Fastify. */
const START_MS = 60_000;
/** How often it is looked whether one is late. */
const CHECK_MS = 5_000;

/** The server as it runs, not yet listening: for `main` and for every end-to-end test. */
export async function createApp(config: Config): Promise<NestFastifyApplication> {
  const logger = openLogger(config);
  const accessLog = config.accessLog && logger.tells('info') ? new AccessLog() : undefined;
  const { proxies = 0 } = config.atome;
  const adapter = new FastifyAdapter({
    bodyLimit: config.atome.limits?.messageBytes ?? DEFAULT_LIMITS.messageBytes,
    trustProxy: proxies > 0 && ((_address, hop) => hop < proxies),
    // who sends half a request must not hold its connection for ever
    requestTimeout: REQUEST_MS,
    pluginTimeout: START_MS,
    // a proxy may append to a path what it likes; ours end where they end
    routerOptions: { maxParamLength: 128 },
    rewriteUrl: ({ url = '/' }) => addressInOwnWords(url),
    genReqId: requestIdOf,
    // what Fastify refuses before any route and hook, such as a path that cannot be decoded
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      accessLog?.follow(request, reply);
      sendProblem(error, request, reply.header(REQUEST_ID, request.id));
    },
    // refused by the perimeter instead, as a problem
    http: { requireHostHeader: false, headersTimeout: HEADERS_MS, connectionsCheckingInterval: CHECK_MS },
    clientErrorHandler: connectionErrors(new LimitedLog(new Logger('Http'))),
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config.atome), adapter, {
    logger,
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
  boundConnections(app);
  app.getHttpServer().on('checkExpectation', refuseExpectation).on('connect', refuseConnect);
  accessLog?.attach(app.getHttpAdapter().getInstance(), isNoProbe);
  app.get<SessionDependencies>(SESSION_DEPENDENCIES, { strict: false }).accessLog.isOn = accessLog !== undefined;
  if (config.tracesTo !== undefined) await (await import('../ops/tracing.js')).traceServer(app);
  await setupApp(app, config);
  return app;
}

/** A limit of files that is too low for what may be asked is said at the start: it would show as refused connections. */
function boundConnections(app: NestFastifyApplication): void {
  const files = openFileLimit();
  if (files === undefined) return;
  const { total } = app.get(ResolvedOptions).connections;
  const log = new Logger('Http');
  const warning = connectionWarning(total, files);
  if (warning !== undefined) log.warn(warning);
  new HttpConnections(connectionsWithin(files), new LimitedLog(log)).attach(app.getHttpServer());
}

async function setupApp(app: NestFastifyApplication, config: Config): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  await setupPerimeter(app, config);
  app.setGlobalPrefix('api', { exclude: ['health', 'health/live', 'health/ready'] });
  app.useWebSocketAdapter(new AtomeWsAdapter(app));
  app.useGlobalFilters(new ProblemFilter());
  if (config.docs) await serveDocs(app);
  await servePages(app);
  if (config.docs) await serveAsyncDocs(app);
}

/** Swagger is an optional peer; nothing else needs it. */
async function serveDocs(app: NestFastifyApplication): Promise<void> {
  try {
    (await import('./api-docs.js')).serveDocs(app);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes("'@nestjs/swagger'")) throw error;
    const advice = 'npm install @nestjs/swagger, or set DOCS=off';
    new Logger('Docs').warn(
      `there is no documentation at /api/docs: it needs the package "@nestjs/swagger": ${advice}`,
    );
  }
}
