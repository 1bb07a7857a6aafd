import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';

const FOREIGN = 'https://evil.example';
const FRIEND = 'https://app.example';
const note = { kind: 'note', data: {} };
/** Asks to be sent from a page of the server itself. */
const own = (server: TestApp): string => server.url;

let server: TestApp;
afterEach(() => server.close());

/** The status that a handshake is answered with. */
async function handshake(headers: Record<string, string>): Promise<number> {
  const ws = new WebSocket(server.wsUrl, { headers });
  ws.on('error', () => undefined);
  const status = await Promise.race([
    once(ws, 'open').then(() => 101),
    once(ws, 'unexpected-response').then(([, response]) => (response as IncomingMessage).statusCode!),
  ]);
  ws.terminate();
  return status;
}

/** The status of a call under another name: `fetch` does not let `Host` be set. */
async function under(host: string, method = 'GET'): Promise<number> {
  const call = request(`${server.url}/api/atome/list`, { method, headers: { host } }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode!;
}

describe('a page of an origin that is not allowed', () => {
  it.each([FOREIGN, 'null', 'http://localhost:1', 'http://127.0.0.1', `${FRIEND}.evil.example`, `${FRIEND}:8443`, 'x'])(
    'gets nothing from %s',
    async (origin) => {
      server = await startApp({ ALLOWED_ORIGINS: FRIEND });
      expect(await handshake({ origin })).toBe(403);
      const answers = await Promise.all([
        server.api.post('/api/atome/create', note, { origin }),
        server.api.get('/api/atome/list', { origin }),
        server.api.get('/api/sync/changes', { origin }),
        server.api.call('OPTIONS', '/api/atome/create', undefined, {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        }),
      ]);
      for (const { status, body, headers } of answers) {
        expect({ status, code: body.code }).toEqual({ status: 403, code: 'forbidden' });
        expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
      expect((await server.api.get('/api/server-info')).body.seq).toBe(0);
    },
  );
});

describe('a page of an origin that is allowed', () => {
  it.each([
    ['listed', { ALLOWED_ORIGINS: `http://localhost:5173, ${FRIEND}` }, FRIEND],
    ['from anywhere, with tokens', { ...WITH_TOKENS, ALLOWED_ORIGINS: '*' }, FOREIGN],
  ])('%s: has REST and the WebSocket', async (_how, environment, origin) => {
    server = await startApp(environment);
    const api = server.api.as(tokenOf('writer'));
    expect(await handshake({ origin })).toBe(101);
    const { status, headers } = await api.post('/api/atome/create', note, { origin });
    expect(status).toBe(201);
    expect(['*', origin]).toContain(headers.get('access-control-allow-origin'));
    expect(headers.get('access-control-expose-headers')).toContain('ETag');
    const preflight = await api.call('OPTIONS', '/api/atome/a1', undefined, {
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,if-match',
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('If-Match');
    expect(preflight.headers.has('access-control-allow-credentials')).toBe(false);
  });

  it('may ask for what is not there, and is told so', async () => {
    server = await startApp({ ALLOWED_ORIGINS: FRIEND });
    const { status, headers } = await server.api.get('/api/nothing', { origin: FRIEND });
    expect({ status, origin: headers.get('access-control-allow-origin') }).toEqual({ status: 404, origin: FRIEND });
    expect((await server.api.post('/api/server-info', {})).status).toBe(405);
  });
});

describe('without any list', () => {
  it('the own page and what is no browser are let in', async () => {
    server = await startApp();
    expect(await handshake({})).toBe(101);
    expect(await handshake({ origin: own(server) })).toBe(101);
    expect((await server.api.post('/api/atome/create', note, { origin: own(server) })).status).toBe(201);
  });

  it('a name that leads to the server by a trick is refused while authentication is off (DNS rebinding)', async () => {
    server = await startApp();
    const { port } = new URL(server.url);
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.evil.example']) {
      expect(await under(host)).toBe(403);
      expect(await handshake({ host, origin: `http://${host}` })).toBe(403);
    }
    for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, 'localhost']) {
      expect(await under(host)).toBe(200);
      expect(await handshake({ host, origin: `http://${host}` })).toBe(101);
    }
  });

  it('every name will do when there are tokens', async () => {
    server = await startApp(WITH_TOKENS);
    expect(await under('sync.example')).toBe(401);
    expect(await handshake({ host: 'sync.example', ...bearer(tokenOf('reader')) })).toBe(101);
  });
});

describe('in a browser', () => {
  let elsewhere: Server;
  afterEach(() => void elsewhere.close());

  it('a page elsewhere can do nothing, until its origin is allowed', async () => {
    elsewhere = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>hi</p>'));
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
    const origin = `http://localhost:${(elsewhere.address() as AddressInfo).port}`;
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(origin);
      const attempts = async (): Promise<unknown> =>
        page.evaluate(
          async ([url, wsUrl]) => {
            const created = { method: 'POST', body: '{"kind":"note","data":{}}' };
            const json = { 'content-type': 'application/json' };
            const opened = new Promise((resolve) => {
              const ws = new WebSocket(wsUrl!);
              ws.onopen = () => resolve('open');
              ws.onerror = () => resolve('refused');
            });
            const call = (init: RequestInit): Promise<unknown> =>
              fetch(`${url}/api/atome/create`, init).then(
                ({ status }) => status,
                () => 'refused',
              );
            await call({ ...created, mode: 'no-cors' });
            return { json: await call({ ...created, headers: json }), ws: await opened };
          },
          [server.url, server.wsUrl],
        );
      server = await startApp();
      expect(await attempts()).toEqual({ json: 'refused', ws: 'refused' });
      expect((await server.api.get('/api/server-info')).body.seq).toBe(0);
      await server.close();

      server = await startApp({ ALLOWED_ORIGINS: origin });
      expect(await attempts()).toEqual({ json: 201, ws: 'open' });
    } finally {
      await browser.close();
    }
  });
});
