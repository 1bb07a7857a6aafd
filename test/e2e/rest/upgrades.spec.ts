import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RawSocket, upgradeRequest } from '../../support/clients/raw-socket.js';
import { TestSocket } from '../../support/clients/socket.js';
import { startEmbedded, type EmbeddedApp } from '../../support/embedded.js';
import { startApp, type TestApp } from '../../support/server/app.js';

const HOST = 'Host: localhost';

async function answersOf(url: string, ...bytes: string[]): Promise<string> {
  const raw = await RawSocket.open(url);
  for (const each of bytes) raw.send(each);
  return (await raw.ended()).toString();
}

const statusesOf = (text: string): string[] => text.match(/HTTP\/1\.1 \d+/g) ?? [];

describe('a request that wants an upgrade', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
  });
  afterAll(() => server.close());

  it.each([
    ['h2c, as curl asks for it', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ'],
    ['TLS', 'Connection: upgrade\r\nUpgrade: TLS/1.0'],
    ['one of several', 'Connection: Upgrade\r\nUpgrade: h2c, foo/2\r\nUpgrade: bar'],
  ])('to %s is answered as if it did not, and the connection goes on', async (_what, headers) => {
    const text = await answersOf(
      server.url,
      `GET /health/live HTTP/1.1\r\n${HOST}\r\n${headers}\r\n\r\n`,
      `GET /api/nothing HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`,
    );
    expect(statusesOf(text)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404']);
    expect(text).not.toMatch(/^upgrade:/im);
  });

  it('is answered with its body, and once', async () => {
    const body = JSON.stringify({ id: 'upgraded', kind: 'note', data: { text: 'x'.repeat(100_000) } });
    const head = `POST /api/atome/create HTTP/1.1\r\n${HOST}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`;
    const text = await answersOf(server.url, head + body.slice(0, 10), body.slice(10));
    expect(statusesOf(text)).toEqual(['HTTP/1.1 201']);
    expect((await server.api.get('/api/atome/upgraded')).body).toMatchObject({ atome: { version: 1 } });
  });

  it('passes the checks of every request', async () => {
    const twice = `GET /health HTTP/1.1\r\n${HOST}\r\n${HOST}\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`;
    expect(statusesOf(await answersOf(server.url, twice))).toEqual(['HTTP/1.1 400']);
  });

  it('leaves the request before it its answer', async () => {
    const create = `{"id":"before","kind":"note","data":{}}`;
    const text = await answersOf(
      server.url,
      `POST /api/atome/create HTTP/1.1\r\n${HOST}\r\nContent-Type: application/json\r\nContent-Length: ${create.length}\r\n\r\n${create}GET /health HTTP/1.1\r\n${HOST}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
    );
    expect(statusesOf(text)[0]).toBe('HTTP/1.1 201');
  });

  it.each(['/nowhere', '/api/atome/list', '//', '/health?x=1'])(
    'to a WebSocket at %s is a 404 problem',
    async (path) => {
      const text = await answersOf(server.url, upgradeRequest(path));
      expect(statusesOf(text)).toEqual(['HTTP/1.1 404']);
      expect(text).toMatch(/content-type: application\/problem\+json/i);
      expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ status: 404, code: 'not_found', success: false });
    },
  );
});

describe('an upgrade in an application with listeners of its own', () => {
  let embedded: EmbeddedApp;
  beforeAll(async () => {
    embedded = await startEmbedded();
  });
  afterAll(() => embedded.close());

  it('is left to them, also when they come later, and is answered again when they are gone', async () => {
    const http = embedded.app.getHttpServer();
    const seen: string[] = [];
    const own = ({ url = '', headers }: IncomingMessage, socket: Socket): void => {
      if (url === '/v1/live') return;
      seen.push(`${headers.upgrade} ${url}`);
      socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    };
    const echo = `GET /echo HTTP/1.1\r\n${HOST}\r\nConnection: Upgrade, close\r\nUpgrade: echo\r\n\r\n`;
    http.on('upgrade', own);
    expect(statusesOf(await answersOf(embedded.url, upgradeRequest('/own')))).toEqual(['HTTP/1.1 101']);
    expect(statusesOf(await answersOf(embedded.url, echo))).toEqual(['HTTP/1.1 101']);
    const live = await TestSocket.connect(embedded.wsUrl);
    await live.next('welcome');
    await live.close();
    http.off('upgrade', own);
    expect(seen).toEqual(['websocket /own', 'echo /echo']);
    expect(statusesOf(await answersOf(embedded.url, upgradeRequest('/own')))).toEqual(['HTTP/1.1 404']);
    expect(statusesOf(await answersOf(embedded.url, echo))).toEqual(['HTTP/1.1 404']);
  });
});
