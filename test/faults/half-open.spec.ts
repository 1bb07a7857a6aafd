import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { CloseCode } from '../../src/protocol/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { frame, RawSocket } from '../support/clients/raw-socket.js';
import { TestSocket } from '../support/clients/socket.js';

const PINGS = 250_000;

describe('the heartbeat', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp({ HEARTBEAT_MS: '100' });
  });
  afterEach(() => server.close());

  it('closes a connection that answers no ping with 4408, and keeps one that does', async () => {
    const alive = await server.connect();
    const silent = new TestSocket(new WebSocket(server.wsUrl, { autoPong: false }));
    expect(await silent.closed()).toMatchObject({ code: CloseCode.NO_PROGRESS });
    for (let beat = 0; beat < 3; beat += 1) await once(alive.ws, 'ping');
    await alive.settled();
    expect(alive.ws.readyState).toBe(WebSocket.OPEN);
  });

  it('takes any message for a sign of life', async () => {
    const talking = new TestSocket(new WebSocket(server.wsUrl, { autoPong: false }));
    talking.ws.on('ping', () => talking.send({ type: 'ping' }));
    for (let beat = 0; beat < 5; beat += 1) await once(talking.ws, 'ping');
    await talking.settled();
    expect(talking.ws.readyState).toBe(WebSocket.OPEN);
    await talking.close();
  });

  it('forgets a connection whose other side reads nothing and cannot even take the close', async () => {
    const gone = await server.connect();
    await gone.next('welcome');
    gone.ws.pause();
    const watcher = await server.connect();
    await watcher.next('welcome', ({ connectedClients }) => connectedClients === 2);
    let clients = 2;
    while (clients > 1) {
      await once(watcher.ws, 'ping');
      clients = Number((await server.api.get('/api/server-info')).body.connectedClients);
    }
    gone.ws.resume();
    expect(await gone.closed()).toMatchObject({ code: CloseCode.NO_PROGRESS });
  });
});

describe('a peer that sends pings and never reads', () => {
  it('is not read either once its answers wait', async () => {
    const server = await startApp();
    const connected = once(server.app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const peer = await RawSocket.upgrade(server.wsUrl);
    const [socket] = await connected;
    peer.socket.pause();
    const ping = frame(0x89, 'x'.repeat(125));
    const bytes = PINGS * ping.length;
    peer.send(Buffer.alloc(bytes, ping));
    while (!socket.isPaused() && socket.bytesRead < bytes) await new Promise(setImmediate);
    expect(socket.bytesRead).toBeLessThan(bytes);
    expect(socket.writableLength).toBeLessThan(1024 * 1024);
    peer.socket.destroy();
    await server.close();
  });
});
