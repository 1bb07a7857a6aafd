import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tokenOf } from '../support/server/tokens.js';
import { WITH_ACCOUNTS } from '../support/server/accounts.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { RawSocket } from '../support/clients/raw-socket.js';

/** The head of a text frame that is longer than what is sent of it. */
const BEGUN = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0xff, 0xff, 1, 2, 3, 4]);
const KILOBYTES = Buffer.alloc(900 * 1024, 'x');

describe('somebody who is not known', () => {
  let server: TestApp;
  beforeEach(async () => (server = await startApp({ ...WITH_ACCOUNTS, AUTH_TIMEOUT_MS: '1000' })));
  afterEach(() => server.close());

  it('cannot fill the memory with a message that does not end', async () => {
    const sockets: Socket[] = [];
    server.app.getHttpServer().on('connection', (socket: Socket) => sockets.push(socket));
    const raw = await RawSocket.upgrade(server.wsUrl);
    raw.send(BEGUN);
    raw.send(KILOBYTES);
    // it is cut off with bytes unread
    await new Promise((resolve) => raw.socket.once('close', resolve));
    // what the network had on its way when reading stopped is in it
    expect(sockets[0]!.bytesRead).toBeLessThan(200 * 1024);
  });

  it('may send much as soon as it is known, be it by a header or by its first message', async () => {
    const large = (id: string) => ({
      type: 'mutate',
      opId: id,
      operation: 'create',
      atomeId: id,
      kind: 'note',
      data: { text: 'x'.repeat(500_000) },
    });
    const known = await server.connect(bearer(tokenOf('writer')));
    known.send(large('a'));
    expect(await known.next('ack')).toMatchObject({ atomeId: 'a' });
    const stranger = await server.connect();
    stranger.send({ type: 'auth', token: tokenOf('writer') });
    stranger.send(large('b'));
    expect(await stranger.next('ack')).toMatchObject({ atomeId: 'b' });
  });

  it.each(['/api/auth/login', '/api/auth/register', '/api/auth/logout', '/api/nothing'])(
    'is answered before a long body is read: POST %s',
    async (path) => {
      const { host } = new URL(server.url);
      for (const length of ['Content-Length: 900000', 'Transfer-Encoding: chunked']) {
        const raw = await RawSocket.open(server.url);
        raw.send(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${length}\r\n\r\n`);
        while (!raw.text.includes('\r\n\r\n')) await once(raw.socket, 'data');
        expect(raw.text).toMatch(path.endsWith('nothing') ? /^HTTP\/1\.1 404 / : /^HTTP\/1\.1 413 /);
        raw.socket.destroy();
      }
    },
  );
});
