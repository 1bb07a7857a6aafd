import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { RawSocket } from '../support/clients/raw-socket.js';

/* Each is sent byte by byte: `fetch` would tidy the path up. */

const CANARY = 'canary-of-the-tenant';
const BODY = '{"kind":"note","data":{}}';

/** Other ways to write a path that some routers take for the same, and some guards do not. */
const PATHS = (path: string): string[] => {
  const [, api, name, rest] = path.split('/') as [string, string, string, string];
  return [
    path,
    `/${api}/%61${name.slice(1)}/${rest}`,
    `/%61${api.slice(1)}/${name}/${rest}`,
    `/${api}/${name}/%${rest.charCodeAt(0).toString(16)}${rest.slice(1)}`,
    `/${api}%2F${name}/${rest}`,
    `/${api}/${name}%2f${rest}`,
    `//${api}/${name}/${rest}`,
    `/${api}//${name}/${rest}`,
    `/${api}/${name}//${rest}`,
    `${path}/`,
    `${path}//`,
    `${path};x`,
    `${path};x=1`,
    `/${api};x/${name}/${rest}`,
    `${path}%00`,
    `${path}%20`,
    `${path}.json`,
    `${path}#fragment`,
    path.toUpperCase(),
    `/${api.toUpperCase()}/${name}/${rest}`,
    `/${api}/${name}/${rest.toUpperCase()}`,
    `/./${api}/${name}/${rest}`,
    `/${api}/./${name}/${rest}`,
    `/health/../${api}/${name}/${rest}`,
    `/health/..%2f${api}/${name}/${rest}`,
    `/${api}/server-info/../${name}/${rest}`,
    `/${api}/docs/..%2f${name}/${rest}`,
    `/\\${api}/${name}/${rest}`,
    `/${api}\\${name}\\${rest}`,
    `http://localhost${path}`,
    `http://127.0.0.1/health?${path}`,
    `${path}?access_token=TOKEN`,
    `${path}?token=TOKEN`,
    `${path}?%61uthorization=Bearer%20TOKEN`,
  ];
};

const OVERRIDES: readonly string[][] = [
  [],
  ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'].flatMap((name) =>
    ['GET', 'DELETE', 'POST', 'OPTIONS'].map((method) => [`${name}: ${method}`]),
  ),
  ...['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Uri'].map((name) => [`${name}: /health`]),
  ['X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 127.0.0.1', 'X-Forwarded-Host: localhost'],
  ['X-User: admin', 'X-Authenticated-User: admin', 'X-Forwarded-User: admin', 'Remote-User: admin'],
  ['Cookie: token=TOKEN; access_token=TOKEN; authorization=Bearer TOKEN'],
  ['Proxy-Authorization: Bearer TOKEN', 'X-Authorization: Bearer TOKEN'],
  ['Sec-WebSocket-Protocol: TOKEN'],
];

describe('what goes round the routes', () => {
  let server: TestApp;
  let good: string;
  beforeAll(async () => {
    server = await startApp(WITH_TOKENS);
    good = tokenOf('admin');
    await server.api.as(good).create({ text: CANARY }, { id: 'a1' });
  });
  afterAll(async () => {
    const { body } = await server.api.as(good).get('/api/server-info');
    await server.close();
    expect(body.seq).toBe(1);
  });

  /** The whole answer to one request. */
  async function answer(line: string, headers: readonly string[], body = ''): Promise<string> {
    const raw = await RawSocket.open(server.url);
    const length = body === '' ? [] : [`Content-Length: ${body.length}`];
    const head = [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, ...length];
    raw.send(`${head.join('\r\n')}\r\n\r\n${body}`.replaceAll('TOKEN', good));
    return (await raw.ended()).toString('latin1');
  }

  /** Refused, or something that is open to all and says nothing of any tenant. */
  function expectNothing(text: string): void {
    expect(text).toMatch(/^HTTP\/1\.1 [2-4]\d\d /);
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain('"id":"a1"');
    expect(text).not.toMatch(/"(?:seq|epoch)":/);
  }

  const READS = ['/api/atome/list', '/api/atome/a1', '/api/sync/changes', '/api/sync/snapshot'].flatMap(PATHS);
  it.each(READS)('gets nothing without a token: GET %s', async (path) => {
    for (const method of ['GET', 'HEAD']) expectNothing(await answer(`${method} ${path}`, []));
  });

  it.each(PATHS('/api/atome/create'))('writes nothing as a reader, nor without a token: POST %s', async (path) => {
    const json = 'Content-Type: application/json';
    const reader = `Authorization: ${bearer(tokenOf('reader')).authorization}`;
    for (const headers of [[json], [json, reader]]) {
      const status = Number((await answer(`POST ${path}`, headers, BODY)).split(' ')[1]);
      expect([400, 401, 403, 404, 405]).toContain(status);
    }
  });

  it.each(OVERRIDES)('counts no header for what it is not: %s', async (...headers) => {
    expectNothing(await answer('GET /api/atome/list', headers));
    const reader = `Authorization: ${bearer(tokenOf('reader')).authorization}`;
    for (const line of [
      'POST /api/atome/create',
      'GET /api/atome/create',
      'DELETE /api/atome/a1',
      'GET /api/atome/a1',
    ]) {
      const isRead = line.startsWith('GET');
      const text = await answer(line, headers.concat(reader, 'Content-Type: application/json'), isRead ? '' : BODY);
      expect(Number(text.split(' ')[1])).toBe(isRead ? (line.endsWith('a1') ? 200 : 404) : 403);
    }
  });

  it.each([
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json, text/plain',
    'application/xml',
    'APPLICATION/OCTET-STREAM',
    '',
  ])('writes nothing that is sent as "%s", as a page elsewhere could', async (type) => {
    const writer = `Authorization: ${bearer(tokenOf('writer', { tenant: 'other' })).authorization}`;
    const text = await answer('POST /api/atome/create', type ? [writer, `Content-Type: ${type}`] : [writer], BODY);
    expect(Number(text.split(' ')[1])).toBe(415);
  });

  it.each(['TRACE', 'CONNECT', 'PURGE', 'get', 'SEARCH', 'PROPFIND'])('knows no %s', async (method) => {
    const text = await answer(`${method} /api/atome/list`, []);
    expect(text).not.toContain(CANARY);
    expect(text).not.toMatch(/^HTTP\/1\.1 2/);
  });

  it('does not take two requests for one, or one for two', async () => {
    const smuggled = `GET /api/atome/list HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${good}\r\n\r\n`;
    const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    expectNothing(await answer('POST /api/atome/create', headers, `0\r\n\r\n${smuggled}`));
  });
});
