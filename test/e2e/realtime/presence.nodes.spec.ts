import { setTimeout as elapse } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { NodeBus } from '../../../src/bus/node-bus.js';
import type { TestSocket } from '../../support/clients/socket.js';
import { createDatabase, type TestDatabase } from '../../support/databases/postgres.js';
import { startApp, type TestApp } from '../../support/server/app.js';

const SERVERS = 3;
const CLIENTS = 10;

describe('clients of several servers', () => {
  let database: TestDatabase;
  let servers: TestApp[];
  let clients: TestSocket[][];
  beforeAll(async () => {
    database = await createDatabase();
    servers = [];
    for (let n = 0; n < SERVERS; n += 1) servers.push(await startApp({ DATABASE_URL: database.url }));
    for (const { app } of servers) {
      const bus = app.get(NodeBus, { strict: false });
      while (bus.peerCount !== SERVERS - 1) await elapse(5);
    }
    clients = await Promise.all(
      servers.map((server) => Promise.all(Array.from({ length: CLIENTS }, () => server.connect()))),
    );
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await database.drop();
  });

  /** Whom a client has been told of and not seen go. */
  const there = (client: TestSocket): Set<string> => {
    const present = new Set<string>();
    for (const { clientId, state } of client.all('presence')) {
      if (state === null) present.delete(clientId);
      else present.add(clientId);
    }
    return present;
  };
  const see = async (watching: TestSocket[], count: number): Promise<void> => {
    for (const client of watching) while (there(client).size !== count) await client.next('presence');
  };

  it('see each other, and those of a server that goes down no more', async () => {
    clients.flat().forEach((client, n) => client.send({ type: 'presence', state: { n } }));
    await see(clients.flat(), SERVERS * CLIENTS - 1);
    const newcomer = await servers[0]!.connect();
    await see([newcomer], SERVERS * CLIENTS);
    await servers.pop()!.close();
    await see(clients.slice(0, -1).flat(), (SERVERS - 1) * CLIENTS - 1);
  });

  it('are counted together', async () => {
    const count = async (server: TestApp): Promise<number> =>
      ((await server.api.get('/api/server-info')).body as { connectedClients: number }).connectedClients;
    for (const server of servers) while ((await count(server)) !== servers.length * CLIENTS + 1) await elapse(20);
  });
});
