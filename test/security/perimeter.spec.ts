import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Api } from '../support/clients/api.js';
import { RawSocket } from '../support/clients/raw-socket.js';
import { ANSWERED, FOREIGN, FRIEND, MOZILLA, REFUSED, Visitor, type Headers } from '../support/clients/visitor.js';
import { startEmbedded } from '../support/embedded.js';
import { startApp } from '../support/server/app.js';

interface Server {
  readonly url: string;
  readonly wsUrl: string;
  readonly api: Api;
  close(): Promise<void>;
}

let server: Server;
const visitor = new Visitor(() => server);
afterEach(async () => {
  jest.restoreAllMocks();
  await server.close();
});

const KINDS: readonly [kind: string, prefix: string, start: (origins: readonly string[]) => Promise<Server>][] = [
  ['a server with AUTH=off', '/api', (origins) => startApp({ ALLOWED_ORIGINS: origins.join() })],
  ['an embedded module without jwt', '/v1', (allowedOrigins) => startEmbedded({ allowedOrigins })],
];

describe.each(KINDS)('%s', (_kind, prefix, start) => {
  it('refuses names that are not those of its machine, on every door', async () => {
    server = await start([FRIEND]);
    const { port } = new URL(server.url);
    for (const host of [`evil.example:${port}`, 'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
      expect(await visitor.doors(prefix, { host })).toEqual(REFUSED);
      expect(await visitor.doors(prefix, { host, origin: `http://${host}` })).toEqual(REFUSED);
    }
    for (const host of [`localhost:${port}`, `[::1]:${port}`, '127.0.0.1']) {
      expect(await visitor.doors(prefix, { host })).toEqual(ANSWERED);
    }
  });

  it('refuses a call that names no host', async () => {
    server = await start([]);
    const raw = await RawSocket.open(server.url);
    raw.send(`GET ${prefix}/atome/list HTTP/1.0\r\n\r\n`);
    expect((await raw.ended()).toString()).toMatch(/^HTTP\/1\.1 403 /);
  });

  it.each([FOREIGN, 'null', 'http://localhost:1', `${FRIEND}:8443`, `${FRIEND}.evil.example`])(
    'refuses pages of the origin %s, on every door',
    async (origin) => {
      server = await start([FRIEND]);
      expect(await visitor.doors(prefix, { origin })).toEqual(REFUSED);
      expect(await visitor.doors(prefix, { origin, 'sec-fetch-site': 'same-origin' })).toEqual(REFUSED);
    },
  );

  it('takes its own pages, those of origins it allows, and what is no page', async () => {
    server = await start([FRIEND]);
    for (const headers of [
      {},
      { origin: server.url, 'sec-fetch-site': 'same-origin' },
      { origin: FRIEND, 'sec-fetch-site': 'cross-site' },
      { origin: FRIEND },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
      { 'sec-fetch-mode': 'cors' },
    ] as Headers[]) {
      expect(await visitor.doors(prefix, headers)).toEqual(ANSWERED);
    }
  });

  it.each(['cross-site', 'same-site', 'none, cross-site', ''])(
    'refuses what a browser sends for pages elsewhere without an origin: Sec-Fetch-Site: %s',
    async (site) => {
      server = await start([FRIEND]);
      for (const mode of ['no-cors', 'websocket', 'navigate']) {
        expect(await visitor.doors(prefix, { 'sec-fetch-site': site, 'sec-fetch-mode': mode })).toEqual(REFUSED);
      }
    },
  );

  it('writes nothing that a page can send without being asked first', async () => {
    server = await start([]);
    const json = { 'content-type': 'application/json' };
    await visitor.status('POST', `${prefix}/atome/create`, json, '{"id":"precious","kind":"note","data":{}}');
    const calls = ['create', 'precious/erase', 'precious/restore', 'precious/share', 'precious/alter'];
    const paths = [...calls.map((call) => `/atome/${call}`), '/sync/push', '/auth/ticket'];
    const types = [
      'text/plain',
      'text/plain;application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
    ];
    const simple: Headers[] = [{}, ...types.map((type) => ({ 'content-type': type }))];
    for (const path of paths) {
      for (const headers of simple) {
        // as a browser before 2020, which sent neither of the newer headers
        const sent = {
          ...headers,
          'user-agent': MOZILLA,
          cookie: 'session=1',
          'x-requested-with': 'com.example.webview',
        };
        expect([path, headers, await visitor.status('POST', prefix + path, sent, '{}')]).toEqual([path, headers, 403]);
        const basic = { ...sent, authorization: 'Basic YTpi' };
        expect([path, headers, await visitor.status('POST', prefix + path, basic)]).toEqual([path, headers, 403]);
      }
    }
    expect((await server.api.get(`${prefix}/server-info`)).body.seq).toBe(1);
  });

  it.each([
    { 'content-type': 'application/json; charset=utf-8' },
    { 'x-client-id': 'c1' },
    { 'idempotency-key': 'k1' },
    { 'x-requested-with': 'XMLHttpRequest' },
    { authorization: 'Bearer whatever' },
  ] as Headers[])('writes what a browser would have asked about: %j', async (headers) => {
    server = await start([]);
    const json = { 'content-type': 'application/json' };
    await visitor.status('POST', `${prefix}/atome/create`, json, '{"id":"a1","kind":"note","data":{}}');
    const body = headers['content-type'] === undefined ? '' : '{}';
    expect(await visitor.status('POST', `${prefix}/atome/a1/erase`, { ...headers, 'user-agent': MOZILLA }, body)).toBe(
      200,
    );
    expect(await visitor.status('DELETE', `${prefix}/atome/nothing`, { 'user-agent': MOZILLA })).toBe(404);
  });
});

describe('the server while authentication is off', () => {
  it('lets curl write without a body and a header, and pages of its own', async () => {
    server = await startApp();
    expect(await visitor.status('POST', '/api/auth/ticket')).toBe(200);
    expect(await visitor.status('POST', '/api/auth/ticket', { 'user-agent': 'curl/8.5.0', accept: '*/*' })).toBe(200);
    expect(await visitor.status('POST', '/api/auth/ticket', { 'user-agent': MOZILLA, origin: server.url })).toBe(200);
  });

  it('says that its answers depend on the origin, refused or not, where some are allowed', async () => {
    server = await startApp({ ALLOWED_ORIGINS: FRIEND });
    for (const [origin, path] of [
      [FOREIGN, '/api/atome/list'],
      [FRIEND, '/api/atome/list'],
      [FOREIGN, '/api/nowhere'],
      [FRIEND, '/api/atome/nothing'],
      [FRIEND, '/'],
    ] as const) {
      const { headers } = await server.api.get(path, { origin });
      const vary = (headers.get('vary') ?? '').split(', ');
      expect({ origin, path, vary }).toMatchObject({ vary: expect.arrayContaining(['Origin']) });
      expect(vary).toHaveLength(new Set(vary).size);
    }
  });

  it('is led to by links, but not to what is in it', async () => {
    server = await startApp();
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    for (const path of ['/', '/api/docs', '/health']) {
      expect([path, await visitor.status('GET', path, link)]).toEqual([path, 200]);
      expect([path, await visitor.status('GET', path, image)]).toEqual([path, 403]);
    }
    expect(await visitor.status('GET', '/api/sync/snapshot', link)).toBe(403);
    expect(await visitor.status('GET', '/api/user-data/export', link)).toBe(403);
  });

  it('answers a health check of HTTP/1.0, which names no host', async () => {
    server = await startApp();
    for (const [path, expected] of [
      ['/health/ready', 200],
      ['/api/server-info', 403],
    ] as const) {
      const raw = await RawSocket.open(server.url);
      raw.send(`GET ${path} HTTP/1.0\r\n\r\n`);
      expect((await raw.ended()).toString()).toContain(`HTTP/1.1 ${expected} `);
    }
  });

  it('says in the log what was refused and which setting helps, one line for each cause', async () => {
    server = await startApp();
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    for (let i = 0; i < 3; i += 1) {
      await visitor.status('GET', '/api/atome/list', { host: 'evil.example' });
      await visitor.status('GET', '/api/atome/list', { origin: FOREIGN });
      await visitor.status('GET', '/api/atome/list', { 'sec-fetch-site': 'cross-site' });
      await visitor.status('POST', '/api/auth/ticket', { 'user-agent': MOZILLA });
      await visitor.handshake({ origin: FOREIGN });
    }
    expect(warn.mock.calls.flat()).toEqual([
      expect.stringMatching(/allowedHosts.*AUTH=jwt.*Host: "evil\.example"/),
      expect.stringMatching(/ALLOWED_ORIGINS.*Origin: "https:\/\/evil\.example"/),
      expect.stringMatching(/ALLOWED_ORIGINS.*AUTH=jwt.*Sec-Fetch-Site: "cross-site"/),
      expect.stringMatching(/Content-Type: application\/json.*requireWriteHeader/),
    ]);
  });
});
