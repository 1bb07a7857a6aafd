import { copyFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createUnified, type UnifiedClient } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { freePort } from '../support/server/free-port.js';
import { EventRecorder } from '../support/clients/event-recorder.js';

/** Everything after the scheme is the path. */
const fileOf = ({ url }: Database): string => url.slice('sqlite:'.length);

describe('a database that is no longer the one it was', () => {
  let port: number;
  let database: Database;
  let server: TestApp;
  let client: UnifiedClient;
  let recorder: EventRecorder;
  beforeEach(async () => {
    port = await freePort();
    database = createFile();
    await startServer();
    await create(5);
    await server.close();
    copyFileSync(fileOf(database), `${fileOf(database)}.backup`);

    await startServer();
    client = createUnified({ url: server.url, reconnect: { firstMs: 10, maxMs: 50, attempts: 1_000 } });
    recorder = new EventRecorder(client);
    await client.SyncWebSocket.connect();
    await create(5);
    await recorder.reached(10);
    await server.close();
  });
  afterEach(async () => {
    client.SyncWebSocket.disconnect();
    await server.close();
    await database.drop();
  });

  async function startServer(at = port, { url }: Database = database): Promise<void> {
    server = await startApp({ DATABASE_URL: url, PORT: String(at) });
  }

  async function create(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) await server.api.create({ n });
  }

  function putBackupBack(): void {
    copyFileSync(`${fileOf(database)}.backup`, fileOf(database));
  }

  it('is told when it is an older copy', async () => {
    putBackupBack();
    await startServer();
    expect(await recorder.next('sync:reset')).toMatchObject({ reason: 'future', head: 5 });
  });

  it('is told when an older copy has gone other ways since', async () => {
    putBackupBack();
    await startServer(0);
    await create(7);
    await server.close();
    await startServer();
    expect(await recorder.next('sync:reset')).toMatchObject({ reason: 'forked', head: 12 });
  });

  it('is told when it is another ledger, and what happens in that is heard from there on', async () => {
    const other = createFile();
    await startServer(0, other);
    await create(3);
    await server.close();
    await startServer(port, other);
    const { epoch } = await recorder.next('sync:reset', ({ reason, head }) => reason === 'epoch' && head === 3);
    expect(client.SyncWebSocket.getState().cursor).toMatchObject({ epoch, seq: 3 });

    await recorder.next('sync:live');
    await server.api.create({ title: 'after' });
    expect(await recorder.next('atome:created')).toMatchObject({ seq: 4, atome: { data: { title: 'after' } } });
    await server.close();
    await other.drop();
  });
});
