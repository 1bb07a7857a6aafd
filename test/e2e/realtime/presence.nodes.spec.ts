import { setTimeout as elapse } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Api } from '../../support/clients/api.js';
import { TestSocket } from '../../support/clients/socket.js';
import { createDatabase, type TestDatabase } from '../../support/databases/postgres.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { ServerProcess } from '../../support/server/process.js';

const CLIENTS = 100;

/** A client, and whom it has been told of and not seen go. */
class Watcher {
  private readonly present = new Set<string>();

  private constructor(private readonly socket: TestSocket) {}

  static async connect(wsUrl: string): Promise<Watcher> {
    return new Watcher(await TestSocket.connect(wsUrl));
  }

  say(state: unknown): void {
    this.socket.send({ type: 'presence', state });
  }

  async sees(count: number): Promise<void> {
    while (this.present.size !== count) {
      const { clientId, state } = await this.socket.next('presence');
      if (state === null) this.present.delete(clientId);
      else this.present.add(clientId);
    }
  }

  close(): Promise<void> {
    return this.socket.close();
  }
}

describe('a hundred clients at each of three servers', () => {
  let database: TestDatabase;
  let apps: TestApp[];
  let process: ServerProcess;
  let clients: Watcher[][];
  beforeAll(async () => {
    database = await createDatabase();
    const environment = { DATABASE_URL: database.url };
    apps = [await startApp(environment), await startApp(environment)];
    process = await ServerProcess.start(environment);
    clients = await Promise.all(
      [...apps, process].map(({ wsUrl }) => Promise.all(Array.from({ length: CLIENTS }, () => Watcher.connect(wsUrl)))),
    );
  });
  afterAll(async () => {
    await Promise.all(clients.flat().map((client) => client.close()));
    await Promise.all(apps.map((app) => app.close()));
    await process.kill('SIGKILL');
    await database.drop();
  });

  const see = (watching: readonly Watcher[], count: number): Promise<unknown> =>
    Promise.all(watching.map((client) => client.sees(count)));
  const counted = async (apis: readonly Api[], count: number): Promise<void> => {
    const told = async (api: Api): Promise<unknown> => (await api.get('/api/server-info')).body.connectedClients;
    for (const api of apis) while ((await told(api)) !== count) await elapse(20);
  };

  it('each see the 299 others, as somebody does who comes later, and are counted together', async () => {
    clients.flat().forEach((client, n) => client.say({ n }));
    await see(clients.flat(), 3 * CLIENTS - 1);
    const newcomer = await Watcher.connect(apps[0]!.wsUrl);
    await see([newcomer], 3 * CLIENTS);
    await newcomer.close();
    await counted(
      [...apps, process].map(({ api }) => api),
      3 * CLIENTS,
    );
  });

  it('see those of a server no more that is killed, or goes down', async () => {
    await process.kill('SIGKILL');
    await see(clients.slice(0, 2).flat(), 2 * CLIENTS - 1);
    await counted(
      apps.map(({ api }) => api),
      2 * CLIENTS,
    );
    await apps.pop()!.close();
    await see(clients[0]!, CLIENTS - 1);
  });
});
