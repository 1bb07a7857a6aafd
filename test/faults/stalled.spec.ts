import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectionLimiter } from '../../src/auth/admission/connection-limiter.js';
import { StallGuard } from '../../src/http/stall-guard.js';
import { frame, RawSocket, upgradeRequest } from '../support/clients/raw-socket.js';
import { startApp, type TestApp } from '../support/server/app.js';

const HEAD = 'HTTP/1.1\r\nHost: localhost\r\n';

/** What asks for more than network buffers hold, over each door. */
const ENTRY_POINTS: readonly [door: string, ask: readonly (string | Buffer)[]][] = [
  ['server-sent events', [`GET /api/sync/changes?since=0 ${HEAD}Accept: text/event-stream\r\n\r\n`]],
  ['a snapshot', [`GET /api/sync/snapshot ${HEAD}\r\n`]],
  ['an export', [`GET /api/user-data/export ${HEAD}\r\n`]],
  ['a list', [`GET /api/atome/list?limit=500 ${HEAD}\r\n`]],
  ['a WebSocket', [upgradeRequest('/ws/atome-sync'), frame(0x81, JSON.stringify({ type: 'subscribe', since: 0 }))]],
];

describe('a peer that takes nothing of what it is sent', () => {
  let server: TestApp;
  let guard: StallGuard;
  beforeAll(async () => {
    server = await startApp();
    guard = server.app.get(StallGuard, { strict: false });
    // the tests say what time it is
    guard.onApplicationShutdown();
    const text = 'x'.repeat(900_000);
    for (let n = 0; n < 16; n += 1) await server.api.create({ text });
  });
  afterAll(() => server.close());

  const leases = (): number => {
    const limiter: object = server.app.get(ConnectionLimiter, { strict: false });
    return (limiter as { leases: Set<unknown> }).leases.size;
  };

  /** The server's end of a connection that is full. */
  async function stalled(): Promise<Socket> {
    const { watched } = guard as unknown as { watched: Map<Socket, unknown> };
    for (;;) {
      await new Promise(setImmediate);
      const full = [...watched.keys()].find((socket) => socket.writableLength > 0 && socket.writableNeedDrain);
      if (full) return full;
    }
  }

  async function asks(bytes: readonly (string | Buffer)[]): Promise<RawSocket> {
    const raw = await RawSocket.open(server.url);
    raw.socket.pause();
    for (const each of bytes) raw.send(each);
    return raw;
  }

  it.each(ENTRY_POINTS)('is cut after 30 s (%s), and gives its lease back', async (_door, ask) => {
    const raw = await asks(ask);
    const socket = await stalled();
    guard.check(0);
    guard.check(29_000);
    expect(socket.destroyed).toBe(false);
    const closed = once(socket, 'close');
    guard.check(31_000);
    await closed;
    while (leases() > 0) await new Promise(setImmediate);
    raw.socket.destroy();
  });

  it.each(ENTRY_POINTS)('is not cut while it takes a little now and then (%s)', async (_door, ask) => {
    const raw = await asks(ask);
    const socket = await stalled();
    for (let at = 0; at < 120_000 && socket.writableLength > 0; at += 20_000) {
      guard.check(at);
      const { bytesRead } = raw.socket;
      raw.socket.resume();
      while (raw.socket.bytesRead < bytesRead + 2_000_000 && !raw.socket.closed) {
        if (socket.writableLength === 0) break;
        await new Promise(setImmediate);
      }
      raw.socket.pause();
    }
    expect(socket.destroyed).toBe(false);
    raw.socket.destroy();
  });

  it('is not cut as long as there is nothing to take', async () => {
    const socket = await server.connect();
    await socket.settled();
    for (let at = 0; at < 300_000; at += 5_000) guard.check(at);
    await socket.settled();
  });
});
