import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createUnified, type UnifiedClient } from '../../client/src/index.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { freePort } from '../support/server/free-port.js';
import { EventRecorder } from '../support/clients/event-recorder.js';
import { ServerProcess } from '../support/server/process.js';

const AT_ONCE = { firstMs: 20, maxMs: 100, attempts: 1_000 };

describe('a server that is started again at its place', () => {
  let database: Database;
  let environment: Record<string, string>;
  let server: ServerProcess;
  let client: UnifiedClient;
  let recorder: EventRecorder;
  beforeEach(async () => {
    database = createFile();
    environment = { DATABASE_URL: database.url, PORT: String(await freePort()) };
    server = await ServerProcess.start(environment);
    client = createUnified({ url: server.url, reconnect: AT_ONCE });
    recorder = new EventRecorder(client);
    await client.SyncWebSocket.connect();
  });
  afterEach(async () => {
    client.SyncWebSocket.disconnect();
    await server.kill('SIGTERM');
    await database.drop();
  });

  it('is found again after SIGTERM, and tells what happened meanwhile', async () => {
    await server.api.create({ n: 1 });
    await client.UnifiedAtome.create({ kind: 'note', data: { n: 2 } });
    await recorder.reached(1);
    expect(await server.kill('SIGTERM')).toBe(0);
    expect(await recorder.next('sync:disconnected')).toMatchObject({ code: 1012 });

    server = await ServerProcess.start(environment);
    await server.api.create({ n: 3 });
    await recorder.next('sync:connected');
    // it may be back before that is written, or behind it
    await recorder.reached(3);
    await recorder.next('sync:live');
    await server.api.create({ n: 4 });
    await recorder.reached(4);
    expect(recorder.seqs).toEqual([1, 3, 4]);
    expect(recorder.all('sync:reset')).toEqual([]);
  });

  it('has lost nothing that it acknowledged when it was killed while writing', async () => {
    const acknowledged: string[] = [];
    const progress = new EventEmitter();
    let stop = false;
    const writer = async (name: string): Promise<void> => {
      const { UnifiedAtome: atomes } = createUnified({ url: server.url, random: () => 0.5 });
      for (let n = 0; !stop; n += 1) {
        const { success, id } = await atomes.create({ id: `${name}-${n}`, kind: 'note', data: { n } });
        if (success) acknowledged.push(id);
        progress.emit('written');
      }
    };
    const writers = Promise.all(['w1', 'w2', 'w3', 'w4'].map(writer));
    for (let kills = 0; kills < 3; kills += 1) {
      for (const goal = acknowledged.length + 100; acknowledged.length < goal;) await once(progress, 'written');
      await server.kill('SIGKILL');
      server = await ServerProcess.start(environment);
    }
    stop = true;
    await writers;

    const last = Number((await server.api.create()).seq);
    await recorder.reached(last);
    expect(recorder.seqs).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    const ids = recorder.all('atome:created').map(({ atome }) => atome.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    expect(recorder.all('sync:disconnected')).toHaveLength(3);
  });
});
