import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fastify, { type FastifyRequest } from 'fastify';
import { addressOf } from '../auth/admission/client-address.js';
import { hostRefusal } from '../auth/admission/host-header.js';
import { RequestAuthenticator, identityOf, ruleOfRoute } from '../auth/authentication/request-authenticator.js';
import { Perimeter } from '../auth/admission/perimeter.js';
import type { Config } from '../config/environment.js';
import { ResolvedOptions } from '../config/module-options.js';
import { keepAnswerOutOfCaches } from '../http/cache-headers.js';
import { LimitedLog } from '../http/limited-log.js';
import { REQUEST_ID } from '../http/request-id.js';
import { PushRate } from './push-rate.js';
import { NOTHING_HERE } from '../http/problem.js';
import { RouteTable } from '../http/route-table.js';
import { AtomeError } from '../protocol/index.js';

/** What a page elsewhere may send and read, when its origin is allowed. */
const CORS_HEADERS = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'Idempotency-Key',
    'If-Match',
    'If-None-Match',
    'If-Unmodified-Since',
    'Last-Event-ID',
    'X-Client-Id',
    'X-Request-Id',
    'X-Requested-With',
  ],
  exposedHeaders: [
    'ETag',
    'Location',
    'Retry-After',
    'RateLimit-Limit',
    'RateLimit-Remaining',
    'RateLimit-Reset',
    'X-Query-Cost',
    'X-Request-Id',
  ],
  maxAge: 600,
};

/** Swagger UI sets styles of its own in its document. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** All calls, whether or not there is one; not the documentation, which is the same for everybody. */
const API = /^\/api(?!\/(?:docs|async-docs|(?:openapi|asyncapi)\.json)(?:[/?]|$))(?:[/?]|$)/;

/** Of what Helmet sends, what is heeded in an answer that is no page. */
const FOR_ANSWERS: ReadonlySet<string> = new Set([
  'content-security-policy',
  'cross-origin-resource-policy',
  'referrer-policy',
  'x-content-type-options',
  'x-frame-options',
]);

/** Half a year, in seconds. */
const HSTS = `max-age=${180 * 24 * 3_600}`;

/** What stands between the network and every route of the server: origins, and the headers that browsers heed. */
export async function setupPerimeter(app: NestFastifyApplication, config: Config): Promise<void> {
  const server = app.getHttpAdapter().getInstance();
  const { allowedOrigins } = app.get(ResolvedOptions).origins;
  const forPages = { ...(await browserHeaders()), ...(allowedOrigins.length > 0 && { vary: 'Origin' }) };
  // each header costs every call, so that calls have those alone that are for them
  const forCalls = Object.fromEntries(
    Object.entries(forPages).filter(([name]) => name === 'vary' || FOR_ANSWERS.has(name)),
  );
  server.addHook('onRequest', (request, reply, done) => {
    const isCall = API.test(request.url);
    void reply.headers(isCall ? forCalls : forPages).header(REQUEST_ID, request.id);
    // what is not there, or answers OPTIONS, has no route that would say so
    if (isCall) keepAnswerOutOfCaches(reply);
    if (request.url.startsWith('/api/docs')) void reply.header('content-security-policy', DOCS_POLICY);
    if (request.protocol === 'https') void reply.header('strict-transport-security', HSTS);
    done();
  });
  server.addHook('onRequest', ({ raw }, _reply, done) => done(hostRefusal(raw)));
  app.get(Perimeter).standAround(server, (request) => ruleOfRoute(request) !== undefined);
  // before CORS, which answers every OPTIONS
  app.get(RouteTable).answer('all');
  // what is asked of nobody is answered before its body is read, and behind the headers for other origins
  server.addHook('preParsing', (request, _reply, payload, done) => {
    done(request.is404 ? new AtomeError('not_found', NOTHING_HERE) : null, payload);
  });
  await limitRates(app, config);
  if (allowedOrigins.length === 0) return;
  app.enableCors({ ...CORS_HEADERS, origin: allowedOrigins.includes('*') ? '*' : [...allowedOrigins] });
}

/**
 * What Helmet sends, asked once: it is the same for each request, and the plugin works it out for each anew.
 */
async function browserHeaders(): Promise<Record<string, string>> {
  const sample = fastify();
  await sample.register(helmet, {
    // what is no page has nothing to load
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: false,
  });
  sample.get('/', () => '');
  const { headers } = await sample.inject('/');
  const own = new Set(['content-type', 'content-length', 'connection', 'date']);
  const sent = Object.entries(headers).filter(([name]) => !own.has(name));
  return Object.fromEntries(sent.map(([name, value]) => [name, String(value)]));
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** A write in a push costs less than a call: it shares parsing, rights and commit with the others. */
const PUSHED_WRITES_A_CALL = 5;
/** What an offline client has written meanwhile is taken at once. */
const PUSH_BURST_SECONDS = 2;

/** How much one caller may ask: a principal, or an address where nobody is known. */
async function limitRates(app: NestFastifyApplication, { rates, atome }: Config): Promise<void> {
  const { proxies = 0 } = atome;
  const log = new LimitedLog(new Logger('Perimeter'));
  const callerOf = (request: FastifyRequest): string => {
    const principal = atome.jwt && identityOf(request)?.principal;
    return principal ? `${principal.tenant} ${principal.id}` : addressOf(request.raw, proxies);
  };
  await app.register(rateLimit, {
    global: rates.perSecond > 0,
    max: rates.perSecond,
    timeWindow: SECOND_MS,
    keyGenerator: callerOf,
    enableDraftSpec: true,
    onExceeded: ({ raw }) =>
      log.warn('rate', `429: more than ${rates.perSecond} calls a second of ${addressOf(raw, proxies)} (RATE_LIMIT)`),
    errorResponseBuilder: (_request, { max, ttl }) => tooMany(`${max} requests a second are allowed`, ttl),
  });
  if (rates.perSecond > 0) {
    const perSecond = rates.perSecond * PUSHED_WRITES_A_CALL;
    const burst = Math.max(perSecond * PUSH_BURST_SECONDS, app.get(ResolvedOptions).limits.pushOperations);
    const refuse = (waitMs: number): AtomeError => {
      log.warn('push', `429: pushes of one caller hold more than ${perSecond} writes a second (RATE_LIMIT)`);
      return tooMany(`pushes with ${perSecond} writes a second are allowed`, waitMs);
    };
    new PushRate({ perSecond, burst, callerOf, refuse }).attach(app.getHttpAdapter().getInstance());
  }
  if (rates.refusedPerMinute === 0) return;
  const refused = app
    .getHttpAdapter()
    .getInstance()
    .createRateLimit({
      max: rates.refusedPerMinute,
      timeWindow: MINUTE_MS,
      keyGenerator: ({ raw }) => addressOf(raw, proxies),
    });
  // good tokens are never held up: others may share the address with whoever guesses
  app.get(RequestAuthenticator).onRejected(async (request) => {
    const seen = await refused(request);
    if (!seen.isAllowed && seen.isExceeded) {
      const address = addressOf(request.raw, proxies);
      log.warn('refused', `429: ${address} calls again and again without a token that is good (REFUSED_PER_MINUTE)`);
      throw tooMany('too many calls from this address had no token, or one that is not good', seen.ttl);
    }
  });
}

function tooMany(why: string, retryAfter: number): AtomeError {
  return new AtomeError('rate_limited', `${why}; wait, then repeat`, { retryAfter });
}
