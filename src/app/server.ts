import cluster from 'node:cluster';
import type { AddressInfo, Server } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './create-app.js';
import { lateComers } from './late-comers.js';
import type * as MetricsServer from './metrics-server.js';
import { Stops, type StopSignals } from './stops.js';
import type { Listening } from './worker-messages.js';
import { EX_USAGE, helpOf, readCall, UsageError, type Usage } from '../config/command-line.js';
import { ConfigError, EX_CONFIG, readConfig, type Config } from '../config/environment.js';
import { processEnvironment } from '../config/process-environment.js';
import { OpenError } from '../database/open-error.js';
import { Drain } from '../http/drain.js';
import { elapse } from '../ledger/elapse.js';
import { flushLog, openLogger } from '../ops/logger.js';
import { WS_PATH } from '../protocol/index.js';
import { VERSION } from '../version.js';

/** What runs the server, as the command `serve`, by itself, and without a name. */
const SERVE: Usage = {
  name: 'serve',
  about: 'Runs the server, until a signal ends it: SIGTERM and SIGINT let it finish what it has accepted.',
  flags: { version: { type: 'boolean', short: 'v', help: 'the version' } },
  settings: 'all',
  failure: 'it cannot run, and says why',
};

/** How long the log may take to be written at the end, in milliseconds. */
const FLUSH_MS = 500;
/** How long a drain may take, behind its delay, before the process ends all the same, in milliseconds. */
const DRAIN_MS = 9_000;
/** One of several processes that has not ended so long after that hangs, in milliseconds. */
const HANG_MS = 2_000;

/** How long those are let in who have connected before, in milliseconds. */
const LATE_COMERS_MS = 500;

/** Runs the server, as its arguments and its environment say. */
export function run(signals: StopSignals): void {
  main(signals).catch(fail);
}

async function main(signals: StopSignals): Promise<void> {
  const call = readCall(SERVE, process.argv.slice(2));
  if (call.isHelp || call.values.version) {
    process.stdout.write(call.isHelp ? helpOf(SERVE) : `${VERSION}\n`);
    return;
  }
  // whoever read the log may have gone: the server goes on without them
  process.stdout.on('error', () => undefined);
  // one of several is told of by the process that has started it
  const say = (stream: NodeJS.WriteStream) => (line: string) => {
    if (cluster.isPrimary) stream.write(`${line}\n`);
  };
  // first: the start may wait for a database, and as the first process of a container nothing else would end it
  const stops = new Stops(signals, say(process.stdout), fail);
  const config = readConfig(processEnvironment(call.settings, say(process.stderr)));
  const isShared = config.workers > 1 && cluster.isPrimary;
  const { port, hasDocs, metricsPort } = await (isShared ? runWorkers(config, stops) : runHere(config, stops));
  // last: who reads it may send a signal at once
  say(process.stdout)(
    call.isJson
      ? JSON.stringify({ host: config.host, port, metricsPort, version: VERSION })
      : greeting(config, port, hasDocs, metricsPort),
  );
}

/** What runs, as it is told. */
interface Started extends Listening {
  readonly metricsPort: number | undefined;
}

/** Runs the server in this process. */
async function runHere(config: Config, stops: Stops): Promise<Started> {
  const app = await createApp(config);
  const follow = cluster.isWorker ? await (await import('./worker.js')).prepareWorker(app, config) : undefined;
  const metricsPort = follow
    ? undefined
    : await openMetricsPort(config, ({ serveMetrics }) => serveMetrics(app, config));
  await app.listen(config.port, config.host).catch((error: unknown) => {
    throw listenError(error, config.host, 'PORT', config.port);
  });
  stops.run = () => drain(app, config.drainDelayMs);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const listening = { port, hasDocs: app.getHttpAdapter().getInstance().hasRoute({ method: 'GET', url: '/api/docs' }) };
  follow?.(listening, () => stops.begin());
  return { ...listening, metricsPort };
}

/** Runs it in several, of which this one takes care. */
async function runWorkers(config: Config, stops: Stops): Promise<Started> {
  const { StartError, Workers } = await import('./workers.js');
  const workers = new Workers(openLogger(config));
  stops.atOnce = () => workers.kill();
  const metricsPort = await openMetricsPort(config, ({ serveSums }) => serveSums(() => workers.metrics(), config));
  const listening = await workers.start(config.workers).catch((error: unknown) => {
    workers.kill();
    if (error instanceof StartError) process.exit(error.code);
    throw error;
  });
  stops.run = async () => process.exit(await workers.stop(config.drainDelayMs + DRAIN_MS + HANG_MS));
  return { ...listening, metricsPort };
}

async function drain(app: NestFastifyApplication, delayMs: number): Promise<void> {
  app.get(Drain, { strict: false }).announce();
  if (delayMs > 0) await elapse(delayMs);
  const late = setTimeout(() => {
    process.stderr.write(`not finished after ${DRAIN_MS / 1_000} s; stopping all the same\n`);
    process.exit(1);
  }, DRAIN_MS);
  late.unref();
  const server = app.getHttpServer() as Server;
  await lateComers(server, LATE_COMERS_MS);
  // nobody new; connections on which nothing is asked end, and the others with their answers
  server.close();
  app
    .close()
    .then(() => flushLog(FLUSH_MS))
    .then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
}

/** Resolves with the port of the metrics; undefined where there are none. */
async function openMetricsPort(
  { metricsPort, host }: Config,
  serve: (from: typeof MetricsServer) => Promise<number>,
): Promise<number | undefined> {
  if (metricsPort === undefined) return undefined;
  return serve(await import('./metrics-server.js')).catch((error: unknown) => {
    throw listenError(error, host, 'METRICS_PORT', metricsPort);
  });
}

function greeting({ host }: Config, port: number, docs: boolean, metricsPort?: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const address = `${name}:${port}`;
  const documented = docs ? `  docs http://${address}/api/docs` : '';
  const measured = metricsPort === undefined ? '' : `  metrics http://${name}:${metricsPort}/metrics`;
  return `atome-sync is listening: http://${address}${documented}${measured}  WebSocket ws://${address}${WS_PATH}`;
}

/** Nobody can be served at that address: said in one sentence. */
class ListenError extends Error {}

function listenError(error: unknown, host: string, variable: string, port: number): unknown {
  const { code } = error as { code?: string };
  const advice = code === undefined ? undefined : LISTEN_ADVICE[code];
  if (advice === undefined) return error;
  return new ListenError(`${advice.replace('PORT', variable)} (${code} at ${host}:${port})`, { cause: error });
}

const NO_ADDRESS = 'HOST is not an address of this machine: name one that is';
const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use: stop what uses it, or choose another with PORT',
  EACCES: 'the port is reserved: choose one above 1023 with PORT',
  EADDRNOTAVAIL: NO_ADDRESS,
  ENOTFOUND: NO_ADDRESS,
  EAI_AGAIN: NO_ADDRESS,
};

function fail(error: unknown): void {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\natome-sync serve --help shows all flags\n`);
    process.exit(EX_USAGE);
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EX_CONFIG);
  }
  process.stderr.write(`atome-sync cannot run: ${reasonOf(error)}\n`);
  process.exit(1);
}

/** Where in the program something failed helps only when nobody foresaw it. */
function reasonOf(error: unknown): string {
  if (error instanceof OpenError || error instanceof ListenError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
