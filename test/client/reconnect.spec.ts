import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { createUnified, type UnifiedClient } from '../../client/src/index.js';
import type { ServerMessage } from '../../src/protocol/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventRecorder } from '../support/clients/event-recorder.js';

const AT_ONCE = { firstMs: 10, maxMs: 50, attempts: 1_000 };

describe('a client that is cut off', () => {
  let server: TestApp;
  let client: UnifiedClient;
  let recorder: EventRecorder;
  const sockets = new Set<Duplex>();
  beforeEach(async () => {
    server = await startApp();
    server.app.getHttpServer().on('upgrade', (_request, socket: Duplex) => sockets.add(socket));
    client = createUnified({ url: server.url, reconnect: AT_ONCE });
    recorder = new EventRecorder(client);
  });
  afterEach(async () => {
    client.SyncWebSocket.disconnect();
    await server.close();
  });

  function cut(): void {
    sockets.forEach((socket) => socket.destroy());
    sockets.clear();
  }

  it('hears each change of others once and in order, however often that is', async () => {
    await client.SyncWebSocket.connect();
    await recorder.next('sync:live');
    const own = new Set<number>();
    for (let round = 0; round < 10; round += 1) {
      const writes = Array.from({ length: 20 }, (_, n) => server.api.create({ round, n }));
      await writes[10];
      cut();
      own.add((await client.UnifiedAtome.create({ kind: 'note', data: { round } })).seq!);
      await Promise.all(writes);
      await recorder.next('sync:live');
    }
    const last = Number((await server.api.create()).seq);
    await recorder.reached(last);
    const all = Array.from({ length: last }, (_, i) => i + 1);
    expect(recorder.seqs).toEqual(all.filter((seq) => !own.has(seq)));
    expect([own.size, recorder.all('sync:disconnected').length]).toEqual([10, 10]);
    expect(recorder.all('sync:reset')).toEqual([]);
  });

  it('continues where it stopped after disconnect() and connect()', async () => {
    await client.SyncWebSocket.connect();
    client.SyncWebSocket.disconnect();
    for (const n of [1, 2, 3]) await server.api.create({ n });
    await client.SyncWebSocket.connect();
    await recorder.reached(3);
    expect(recorder.seqs).toEqual([1, 2, 3]);
    expect(await recorder.next('sync:live', ({ seq }) => seq > 0)).toMatchObject({ seq: 3 });
  });
});

describe('a server that goes away', () => {
  it('is left alone for as long as it asks for', async () => {
    const server = await startApp();
    const dialled: number[] = [];
    const closed: number[] = [];
    const said: ServerMessage[] = [];
    class Watched extends WebSocket {
      constructor(url: string) {
        super(url);
        dialled.push(performance.now());
        this.once('close', () => closed.push(performance.now()));
        this.on('message', (data) => said.push(JSON.parse((data as Buffer).toString()) as ServerMessage));
      }
    }
    const client = createUnified({ url: server.url, WebSocket: Watched, random: () => 0 });
    const recorder = new EventRecorder(client);
    await client.SyncWebSocket.connect();

    await server.close();
    expect(await recorder.next('sync:disconnected')).toMatchObject({ code: 1012 });
    const goaway = said.find(({ type }) => type === 'goaway') as Extract<ServerMessage, { type: 'goaway' }>;
    expect(goaway.retryAfter).toBeGreaterThanOrEqual(250);
    expect(client.SyncWebSocket.getState().phase).toBe('waiting');

    await recorder.next('sync:error'); // the attempt, which finds nobody
    client.SyncWebSocket.disconnect();
    // timers of Node may fire a millisecond early
    expect(dialled[1]! - closed[0]!).toBeGreaterThanOrEqual(goaway.retryAfter - 5);
  });
});
