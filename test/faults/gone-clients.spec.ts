import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConnectionLimiter } from '../../src/auth/admission/connection-limiter.js';
import { HeavyCalls } from '../../src/http/heavy-calls.js';
import { RawSocket } from '../support/clients/raw-socket.js';
import { startApp, type TestApp } from '../support/server/app.js';

const HEAD = 'HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** Is answered after a minute: what is asked behind it on its connection has to wait. */
const POLL = `GET /api/sync/changes?wait=50 ${HEAD}`;

describe('one who goes away before it was their turn to be answered', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp({ HEAVY_CALLS: '1' });
  });
  afterEach(() => server.close());

  it('holds neither a heavy call nor a lease', async () => {
    const heavy = server.app.get(HeavyCalls, { strict: false });
    const hold = heavy.hold.bind(heavy);
    const accepted = once(server.app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const raw = await RawSocket.open(server.url);
    const [socket] = await accepted;
    const held = new Promise<void>((resolve) => {
      jest.spyOn(heavy, 'hold').mockImplementation((...args) => {
        hold(...args);
        resolve();
      });
    });
    raw.send(`${POLL}GET /api/sync/snapshot ${HEAD}`);
    await held;
    raw.socket.destroy();
    await once(socket, 'close');
    expect((await server.api.get('/api/sync/snapshot')).status).toBe(200);
    const { leases } = server.app.get<object>(ConnectionLimiter, { strict: false }) as { leases: Set<unknown> };
    expect(leases.size).toBe(0);
  });
});
