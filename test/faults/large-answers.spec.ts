import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RawSocket } from '../support/clients/raw-socket.js';
import { startApp, type TestApp } from '../support/server/app.js';

const TEXT = 'ä'.repeat(60_000);
const ADDRESSES = ['/api/atome/list?limit=5', '/api/atome/a0', '/api/atome/a0/history', '/api/sync/changes?since=0'];

describe('an answer of more than 64 kB', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp();
    for (let n = 0; n < 5; n += 1) await server.api.create({ text: TEXT }, { id: `a${n}` });
  });
  afterEach(() => server.close());

  it.each(ADDRESSES)('comes whole, with its length: %s', async (path) => {
    const { status, headers, text } = await server.api.get(path);
    expect([status, Number(headers.get('content-length'))]).toEqual([200, Buffer.byteLength(text)]);
    expect(JSON.parse(text)).toMatchObject({ success: true });
    const head = await fetch(server.url + path, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, headers.get('content-type')]);
  });

  it('goes out no faster than it is taken', async () => {
    const sockets = await Promise.all(Array.from({ length: 4 }, () => RawSocket.open(server.url)));
    for (const raw of sockets) {
      raw.socket.pause();
      raw.send('GET /api/atome/list?limit=5 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    }
    // others are answered meanwhile
    expect((await server.api.get('/api/atome/a0')).status).toBe(200);
    for (const raw of sockets) {
      raw.socket.resume();
      while (!raw.text.endsWith('}')) await once(raw.socket, 'data');
      raw.socket.destroy();
      expect(raw.text.length).toBeGreaterThan(5 * Buffer.byteLength(TEXT));
    }
  });

  it('is not held for one who has gone away', async () => {
    for (let times = 0; times < 5; times += 1) {
      const raw = await RawSocket.open(server.url);
      raw.send('GET /api/atome/list?limit=5 HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(raw.socket, 'data');
      raw.socket.destroy();
    }
    expect((await server.api.get('/api/atome/list?limit=5')).status).toBe(200);
  });
});
