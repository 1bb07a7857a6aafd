import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { api as Api } from '@opentelemetry/sdk-node';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConfigError } from '../config/config-error.js';
import { isNoProbe } from '../http/access-log.js';
import { LimitedLog } from '../http/limited-log.js';
import { inTime } from '../ledger/in-time.js';
import { tracing } from '../ledger/traces.js';
import { VERSION } from '../version.js';
import { WriteTraces } from './write-traces.js';

/** How long a collector may take to be given what is left, at the end, in milliseconds. */
const FLUSH_MS = 1_000;

/** What the servers of this process have in common, as the packages of OpenTelemetry are made for one. */
interface Shared {
  readonly api: typeof Api;
  readonly tracer: Api.Tracer;
  readonly stop: () => Promise<void>;
}

let shared: Promise<Shared> | undefined;
let servers = 0;

/** Follows calls and writes, and sends what it sees to the collector that the environment names. @throws ConfigError where the package is missing. */
export async function traceServer(app: NestFastifyApplication): Promise<void> {
  const { api, tracer, stop } = await (shared ??= start().catch(forget));
  servers += 1;
  const fastify = app.getHttpAdapter().getInstance();
  const calls = new WeakMap<FastifyRequest, Api.Context>();
  fastify.addHook('onRequest', (request, reply, done) => {
    if (isNoProbe(request)) calls.set(request, follow(api, tracer, request, reply));
    done();
  });
  // a body arrives on behalf of its connection: what comes after it is the call's again
  fastify.addHook('preHandler', (request, _reply, done) => {
    const call = calls.get(request);
    if (call) api.context.with(call, done);
    else done();
  });
  fastify.addHook('onClose', async () => {
    servers -= 1;
    if (servers === 0) await stop();
  });
}

/** Who tries again begins anew. */
function forget(error: unknown): never {
  shared = undefined;
  throw error;
}

async function start(): Promise<Shared> {
  const { NodeSDK, api, resources } = await import('@opentelemetry/sdk-node').catch(missing);
  const { defaultResource, envDetector, resourceFromAttributes, serviceInstanceIdDetector } = resources;
  const names = resourceFromAttributes({ 'service.name': 'atome-sync', 'service.version': VERSION });
  const sdk = new NodeSDK({
    resource: defaultResource().merge(names),
    // not that of the process: its arguments may hold a password
    resourceDetectors: [serviceInstanceIdDetector, envDetector],
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  });
  sdk.start();
  const say = faultsTo(new LimitedLog(new Logger('Traces')));
  sayFaults(api, say);
  const tracer = api.trace.getTracer('atome-sync', VERSION);
  const writes = new WriteTraces(api, tracer);
  tracing.by = writes;
  tracing.onError = say;
  return {
    api,
    tracer,
    stop: async () => {
      shared = undefined;
      delete tracing.by;
      delete tracing.onError;
      writes.stop();
      // who comes next begins anew
      for (const each of [api.trace, api.context, api.propagation]) each.disable();
      // a collector that refuses has been told of, and keeps nobody from ending
      await inTime(sdk.shutdown().catch(say), FLUSH_MS, () => undefined);
    },
  };
}

/** Begins the span of a call, which ends with its answer. */
function follow(api: typeof Api, tracer: Api.Tracer, request: FastifyRequest, { raw }: FastifyReply): Api.Context {
  const { method, headers, is404, routeOptions, id } = request;
  // by the name that the documentation has for it: there may be a secret in what was asked for
  const route = is404 ? undefined : routeOptions.url;
  const caller = api.propagation.extract(api.context.active(), headers);
  const attributes = {
    'http.request.method': method,
    'atome_sync.request_id': id,
    ...(route !== undefined && { 'http.route': route }),
  };
  const name = route === undefined ? method : `${method} ${route}`;
  const span = tracer.startSpan(name, { kind: api.SpanKind.SERVER, attributes }, caller);
  raw.once('close', () => {
    if (raw.headersSent) span.setAttribute('http.response.status_code', raw.statusCode);
    if (raw.statusCode >= 500 || !raw.writableFinished) span.setStatus({ code: api.SpanStatusCode.ERROR });
    span.end();
  });
  return api.trace.setSpan(caller, span);
}

function faultsTo(log: LimitedLog): (words: unknown) => void {
  return (words) =>
    log.warn('traces', `traces are lost, see OTEL_EXPORTER_OTLP_ENDPOINT: ${String(words).slice(0, 200)}`);
}

/** A collector that is out of reach costs traces, and is told of as any other fault. */
function sayFaults({ diag, DiagLogLevel }: typeof Api, say: (words: unknown) => void): void {
  const nothing = (): void => undefined;
  diag.setLogger(
    { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

function missing(error: NodeJS.ErrnoException): never {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  throw new ConfigError([
    'OTEL_EXPORTER_OTLP_ENDPOINT: needs the package "@opentelemetry/sdk-node": npm install @opentelemetry/sdk-node, or leave it empty',
  ]);
}
