import type { AddressInfo } from 'node:net';
import { constants } from 'node:os';
import type { INestApplication } from '@nestjs/common';
import { createApp } from './app.setup.js';
import { ConfigError, EX_CONFIG, readConfig, type Config } from './config.js';
import { WS_PATH } from './protocol/index.js';

const HELP = `atome-sync: a real-time sync server for shared objects.

Usage: npm run server            (or: node dist/main.js)

Configuration is by environment; see .env.example for all of it:
  HOST          127.0.0.1   address to listen on
  PORT          3001        0 takes a free one and prints it
  DATABASE_URL  sqlite:./data/atome.sqlite | sqlite::memory: | postgres://…
  LOG_LEVEL     info        fatal, error, warn, info, debug, trace, silent
  AUTH          off         jwt asks for tokens; off-insecure allows everybody, also on a HOST that others can reach
`;

/** How long a drain may take before the process ends all the same, in milliseconds. */
const DRAIN_MS = 9_000;

/**
 * Signals that come within this of the first are the same one, in milliseconds: a terminal sends Ctrl-C to npm and to
 * this process, and npm passes it on.
 */
const SAME_MS = 100;

async function main(): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(HELP);
    return;
  }
  // first: the start may wait for a database, and as the first process of a container nothing else would end it
  const stops = stopOnSignal();
  const config = readConfig();
  const app = await createApp(config);
  await app.listen(config.port, config.host);
  stops.running = app;
  // last: who reads it may send a signal at once
  const { port } = app.getHttpServer().address() as AddressInfo;
  process.stdout.write(`${greeting(config, port)}\n`);
}

/** Ends the process on SIGTERM and SIGINT: at once while it starts, then in order, and at once when one comes again. */
function stopOnSignal(): { running?: INestApplication } {
  const state: { running?: INestApplication } = {};
  let first: NodeJS.Timeout | undefined;
  let isStopping = false;
  const stop = (signal: 'SIGTERM' | 'SIGINT'): void => {
    const { running } = state;
    // as a shell tells of a process that a signal has ended
    if (!running || isStopping) process.exit(128 + constants.signals[signal]);
    first ??= setTimeout(() => {
      isStopping = true;
      process.stdout.write(`${signal}: finishing what was accepted, then stopping; once more stops at once\n`);
      drain(running);
    }, SAME_MS);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return state;
}

function drain(app: INestApplication): void {
  const late = setTimeout(() => {
    process.stderr.write(`not finished after ${DRAIN_MS / 1_000} s; stopping all the same\n`);
    process.exit(1);
  }, DRAIN_MS);
  late.unref();
  app.close().then(
    () => process.exit(0),
    (error: unknown) => fail(error),
  );
}

function greeting({ host }: Config, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const address = `${name}:${port}`;
  return `atome-sync is listening: http://${address}  docs http://${address}/api/docs  WebSocket ws://${address}${WS_PATH}`;
}

function fail(error: unknown): void {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EX_CONFIG);
  }
  const { code, message, stack } = error as { code?: string; message?: string; stack?: string };
  if (code === 'EADDRINUSE')
    process.stderr.write(`the port is in use: stop what uses it, or choose another with PORT\n`);
  else process.stderr.write(`atome-sync cannot run: ${stack ?? message ?? String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
