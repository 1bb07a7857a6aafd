import type { AddressInfo, Server } from 'node:net';
import { constants } from 'node:os';
import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './create-app.js';
import { lateComers } from './late-comers.js';
import { EX_USAGE, helpOf, readCall, UsageError, type Usage } from '../config/command-line.js';
import { SAME_SIGNAL_MS } from '../config/same-signal.js';
import { ConfigError, EX_CONFIG, readConfig, type Config } from '../config/environment.js';
import { processEnvironment } from '../config/process-environment.js';
import { OpenError } from '../database/open-error.js';
import { Drain } from '../http/drain.js';
import { elapse } from '../ledger/elapse.js';
import { flushLog } from '../ops/logger.js';
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

/** How long those are let in who have connected before, in milliseconds. */
const LATE_COMERS_MS = 500;

/** What the signals that end a process do. They are listened to from its first moment on: one that has come is not lost. */
export interface StopSignals {
  onStop: (signal: NodeJS.Signals) => void;
}

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
  // first: the start may wait for a database, and as the first process of a container nothing else would end it
  const stops = stopOnSignal(signals);
  const config = readConfig(processEnvironment(call.settings, (line) => process.stderr.write(`${line}\n`)));
  const app = await createApp(config);
  const metricsPort = await openMetricsPort(app, config);
  await app.listen(config.port, config.host).catch((error: unknown) => {
    throw listenError(error, config.host, 'PORT', config.port);
  });
  stops.running = { app, delayMs: config.drainDelayMs };
  // last: who reads it may send a signal at once
  const { port } = app.getHttpServer().address() as AddressInfo;
  const listening = call.isJson
    ? JSON.stringify({ host: config.host, port, metricsPort, version: VERSION })
    : greeting(config, port, hasDocs(app), metricsPort);
  process.stdout.write(`${listening}\n`);
}

/** Ends the process on these: at once while it starts, then in order, and at once when one comes again. */
function stopOnSignal(signals: StopSignals): { running?: Running } {
  const state: { running?: Running } = {};
  let first: NodeJS.Timeout | undefined;
  let isStopping = false;
  signals.onStop = (signal) => {
    const { running } = state;
    // as a shell tells of a process that a signal has ended
    if (!running || isStopping) process.exit(128 + constants.signals[signal]);
    first ??= setTimeout(() => {
      isStopping = true;
      process.stdout.write(`${signal}: finishing what was accepted, then stopping; once more stops at once\n`);
      void drain(running);
    }, SAME_SIGNAL_MS);
  };
  return state;
}

/** What is to be stopped, and how long others may take to hear of it, in milliseconds. */
interface Running {
  readonly app: INestApplication;
  readonly delayMs: number;
}

async function drain({ app, delayMs }: Running): Promise<void> {
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

function hasDocs(app: NestFastifyApplication): boolean {
  return app.getHttpAdapter().getInstance().hasRoute({ method: 'GET', url: '/api/docs' });
}

/** Resolves with the port of the metrics; undefined where there are none. */
async function openMetricsPort(app: NestFastifyApplication, config: Config): Promise<number | undefined> {
  const { metricsPort, host } = config;
  if (metricsPort === undefined) return undefined;
  const { serveMetrics } = await import('./metrics-server.js');
  return serveMetrics(app, config).catch((error: unknown) => {
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
