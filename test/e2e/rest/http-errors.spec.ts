import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../../support/server/app.js';
import { logLines, timesTold } from '../../support/log-lines.js';
import { RawSocket } from '../../support/clients/raw-socket.js';

const HOST = 'Host: localhost';
const LONG = 'x'.repeat(20_000);

/* Each is sent byte by byte: no client library would. */
const REFUSED: readonly (readonly [what: string, status: number, code: string, bytes: string])[] = [
  ['no HTTP', 400, 'invalid', 'hello\r\n\r\n'],
  ['TLS', 400, 'invalid', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['HTTP/2', 400, 'invalid', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an unknown method', 400, 'invalid', `FOO /api/atome/list HTTP/1.1\r\n${HOST}\r\n\r\n`],
  ['a method in small letters', 400, 'invalid', `get /api/atome/list HTTP/1.1\r\n${HOST}\r\n\r\n`],
  ['a space in the address', 400, 'invalid', `GET /api/atome/a b HTTP/1.1\r\n${HOST}\r\n\r\n`],
  ['an unknown version', 400, 'invalid', `GET / HTTP/7.3\r\n${HOST}\r\n\r\n`],
  ['no host', 400, 'invalid', 'GET /api/atome/list HTTP/1.1\r\nConnection: close\r\n\r\n'],
  [
    'two hosts',
    400,
    'invalid',
    `GET /api/atome/list HTTP/1.1\r\n${HOST}\r\nhost: localhost\r\nConnection: close\r\n\r\n`,
  ],
  [
    'an address of another host',
    400,
    'invalid',
    `GET http://evil.example/api/atome/list HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`,
  ],
  [
    'an address of another port',
    400,
    'invalid',
    `GET http://localhost:1/api/atome/list HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`,
  ],
  ['a tunnel', 405, 'method_not_allowed', `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n\r\n`],
  [
    'a tunnel to itself, with what goes through it',
    405,
    'method_not_allowed',
    `CONNECT localhost:80 HTTP/1.1\r\n${HOST}\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n\r\n`,
  ],
  [
    'a transfer that is encoded twice',
    415,
    'unsupported_media_type',
    `POST /api/atome/create HTTP/1.1\r\n${HOST}\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  ],
  ['a header without a name', 400, 'invalid', `GET / HTTP/1.1\r\n${HOST}\r\n: x\r\n\r\n`],
  ['a header with a space in its name', 400, 'invalid', `GET / HTTP/1.1\r\n${HOST}\r\nX Y: x\r\n\r\n`],
  ['a folded header', 400, 'invalid', `GET / HTTP/1.1\r\n${HOST}\r\n folded\r\nX: \x00\r\n\r\n`],
  ['a length that is no number', 400, 'invalid', `POST / HTTP/1.1\r\n${HOST}\r\nContent-Length: ten\r\n\r\n`],
  ['a negative length', 400, 'invalid', `POST / HTTP/1.1\r\n${HOST}\r\nContent-Length: -1\r\n\r\n`],
  ['two lengths', 400, 'invalid', `POST / HTTP/1.1\r\n${HOST}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
  [
    'a length and chunks',
    400,
    'invalid',
    `POST / HTTP/1.1\r\n${HOST}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['chunks that are not last', 400, 'invalid', `POST / HTTP/1.1\r\n${HOST}\r\nTransfer-Encoding: chunked, x\r\n\r\n`],
  [
    'a chunk without a size',
    400,
    'invalid',
    `POST /api/atome/create HTTP/1.1\r\n${HOST}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`,
  ],
  ['long headers', 431, 'too_large', `GET / HTTP/1.1\r\n${HOST}\r\nX-Long: ${LONG}\r\n\r\n`],
  ['many headers', 431, 'too_large', `GET / HTTP/1.1\r\n${HOST}\r\n${'X-Many: y\r\n'.repeat(4_000)}\r\n`],
  ['a long address', 431, 'too_large', `GET /${LONG} HTTP/1.1\r\n${HOST}\r\n\r\n`],
  ['an expectation', 417, 'invalid', `POST /api/atome/create HTTP/1.1\r\n${HOST}\r\nExpect: wonders\r\n\r\n`],
];

describe('what is no HTTP', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
  });
  afterAll(async () => {
    expect((await server.api.get('/api/server-info')).body.seq).toBe(0);
    await server.close();
  });

  it.each(REFUSED)('%s is a %i %s, said once, and ends the connection', async (_what, status, code, bytes) => {
    const raw = await RawSocket.open(server.url);
    raw.send(Buffer.from(bytes, 'latin1'));
    const text = (await raw.ended()).toString();
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
    const [head, body] = text.split('\r\n\r\n') as [string, string];
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({
      type: `urn:atome-sync:error:${code}`,
      title: expect.any(String),
      status,
      detail: expect.stringMatching(/\w+ \w+/),
      instance: expect.any(String),
      success: false,
      code,
      retryable: false,
    });
  });

  it('is kept by no cache, and ends no other connection', async () => {
    const [raw, other] = await Promise.all([RawSocket.open(server.url), RawSocket.open(server.url)]);
    raw.send('hello\r\n\r\n');
    expect((await raw.ended()).toString()).toMatch(/cache-control: no-store/i);
    other.send(`GET /health/live HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`);
    expect((await other.ended()).toString()).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is not OPTIONS of the server as a whole', async () => {
    const raw = await RawSocket.open(server.url);
    raw.send(`OPTIONS * HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`);
    const text = (await raw.ended()).toString();
    expect(text).toMatch(/^HTTP\/1\.1 204 /);
    const allow = /^allow: (.*)$/im.exec(text)![1]!.trim().split(', ').sort();
    expect(allow).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);
  });

  it('is no line in the log each time, but one with its cause', async () => {
    const lines = logLines(server);
    for (const type of ['text/csv', 'text/plain']) {
      const { status } = await server.api.call('POST', '/api/atome/create', 'x', { 'content-type': type });
      expect(status).toBe(415);
    }
    expect(timesTold(lines, /^415: .*send application\/json.*"text/)).toBe('once an interval');
  });

  it('is no matter for HTTP/1.0, which needs no host', async () => {
    const raw = await RawSocket.open(server.url);
    raw.send('GET /health/live HTTP/1.0\r\n\r\n');
    expect((await raw.ended()).toString()).toMatch(/^HTTP\/1\.1 200 /);
  });
});
