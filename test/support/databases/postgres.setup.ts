import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
// Jest loads this file without its own resolver, hence the endings.
import { BROKER_VARIABLE } from './postgres.ts';
import { startPostgres, type PostgresServer } from './postgres.server.ts';

interface Broker {
  readonly door: Server;
  /** The server, once a spec has asked for it. */
  postgres: Promise<PostgresServer> | undefined;
}

declare global {
  var postgresBroker: Broker | undefined;
}

/** Opens a door at which specs ask for PostgreSQL; the first that does starts it. */
export default async function setup(): Promise<void> {
  if (process.env.TEST_POSTGRES_URL) return;
  const door = createServer((_request, response) => {
    broker.postgres ??= startPostgres();
    broker.postgres.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const broker: Broker = { door, postgres: undefined };
  globalThis.postgresBroker = broker;
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  process.env[BROKER_VARIABLE] = `http://127.0.0.1:${(door.address() as AddressInfo).port}/`;
}
