import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { HttpAdapterHost } from '@nestjs/core';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RULE } from '../auth/authentication/request-authenticator.js';
import { RawSocket } from '../../test/support/clients/raw-socket.js';
import { StallGuard } from './stall-guard.js';

/** More than network buffers hold. */
const LARGE = 'x'.repeat(32 * 1024 * 1024);
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

describe('a connection that carries answers of the module and of its host application', () => {
  let app: FastifyInstance;
  let guard: StallGuard;
  let raw: RawSocket;
  let socket: Socket;
  beforeEach(async () => {
    app = fastify();
    guard = new StallGuard({
      httpAdapter: { getType: () => 'fastify', getInstance: () => app },
    } as unknown as HttpAdapterHost);
    guard.onModuleInit();
    guard.onApplicationShutdown(); // the spec says what time it is
    const ours = { config: { [RULE]: {} } };
    app.get('/ours', ours, () => 'ours');
    app.get('/ours/large', ours, () => LARGE);
    app.get('/theirs', () => LARGE);
    await app.listen({ port: 0 });
    const accepted = once(app.server, 'connection') as Promise<[Socket]>;
    raw = await RawSocket.open(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
    [socket] = await accepted;
    raw.send(get('/ours'));
    while (!raw.text.endsWith('ours')) await once(raw.socket, 'data');
  });
  afterEach(async () => {
    raw.socket.destroy();
    await app.close();
  });

  /** Asks for an answer, takes its beginning and then nothing of it for long. */
  async function stall(path: string): Promise<void> {
    raw.send(get(path));
    await once(raw.socket, 'data');
    raw.socket.pause();
    guard.check(0);
    guard.check(0);
    for (const now of [20_000, 40_000, 60_000, 80_000]) guard.check(now);
  }

  it('is cut when nothing is taken of an answer of the module', async () => {
    await stall('/ours/large');
    expect(socket.destroyed).toBe(true);
  });

  it('is left alone when nothing is taken of an answer of the host', async () => {
    await stall('/theirs');
    expect([socket.destroyed, socket.writableLength > 0]).toEqual([false, true]);
  });
});
