import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
// Jest loads this file without its own resolver, hence the endings.
import { BROKER_VARIABLE } from './postgres.ts';
import { startPostgres, type PostgresServer } from './postgres.server.ts';

interface Broker {
  readonly server: Server;
  /** The server, once a spec has asked for it. */
  postgres: Promise<PostgresServer> | undefined;
}

declare global {
  var postgresBroker: Broker | undefined;
}

/** Starts a server that specs ask for PostgreSQL; the first that does starts that. */
export default async function setup(): Promise<void> {
  if (process.env.TEST_POSTGRES_URL) return;
  const server = createServer((_request, response) => {
    // a connection that is kept may be closed just when the next spec asks
    response.setHeader('connection', 'close');
    broker.postgres ??= startPostgres();
    broker.postgres.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const broker: Broker = { server, postgres: undefined };
  globalThis.postgresBroker = broker;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env[BROKER_VARIABLE] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
