import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RouteTable } from '../../../src/http/route-table.js';
import { tokenOf } from '../../support/server/tokens.js';
import { WITH_ACCOUNTS } from '../../support/server/accounts.js';
import { bearer } from '../../support/clients/api.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { ID, PATHS, rowOf } from '../../support/http-table.js';

const ADMIN = bearer(tokenOf('admin'));
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'];
const PROBLEM = 'application/problem+json; charset=utf-8';
/** Headers that may be others in two answers to the same; a client may close the connection behind HEAD. */
const VARYING = [
  'x-request-id',
  'date',
  'connection',
  'content-length',
  'transfer-encoding',
  'ratelimit-remaining',
  'ratelimit-reset',
  'keep-alive',
];
const ACCEPTS: Readonly<Record<string, string>> = { PATCH: 'accept-patch', POST: 'accept-post' };

/** What is a call, not a file. */
const CALL = /^\/api\/(?!docs|openapi|async)/;

type Headed = Record<string, string>;

describe('every path of the server', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp(WITH_ACCOUNTS);
    await renew();
  });
  afterAll(() => server.close());

  const admin = () => server.api.as(tokenOf('admin'));

  /** Makes the atome of the table as it was at first. */
  async function renew(): Promise<void> {
    const { status } = await admin().get(`/api/atome/${ID}`);
    if (status === 404) await admin().create({ a: 1 }, { id: ID });
    else await admin().put(`/api/atome/${ID}`, { data: { a: 1 } });
  }

  /** Status and headers; the body, which may have no end, is left. */
  async function headOf(method: string, path: string, headers: Headed = ADMIN): Promise<[number, Headed]> {
    const client = new AbortController();
    const response = await fetch(server.url + path, { method, headers, signal: client.signal });
    const all = Object.fromEntries([...response.headers].filter(([name]) => !VARYING.includes(name)));
    client.abort();
    return [response.status, all];
  }

  function send(method: string, path: string, headers: Headed, body?: string | Uint8Array): Promise<Response> {
    return fetch(server.url + path, {
      method,
      headers: { ...ADMIN, ...headers },
      ...(body !== undefined && { body: body as string }),
    });
  }

  const methodsAt = (name: string): string[] => {
    const { methods, also } = PATHS[name]!;
    return [...new Set([...methods, ...(also ? PATHS[also]!.methods : []), 'OPTIONS'])].sort();
  };
  const allowed = (headers: Headers): string[] | undefined => headers.get('allow')?.split(', ').sort();

  it('is in the table, with all its methods', () => {
    const known = new Map<string, Set<string>>();
    for (const { url, methods } of server.app.get(RouteTable, { strict: false }).routes) {
      const name = rowOf(url);
      known.set(name, new Set([...(known.get(name) ?? []), ...methods]));
    }
    const real = [...known].map(([name, methods]) => `${name}: ${[...methods].sort().join()}`);
    const table = Object.entries(PATHS).map(([name, { methods }]) => `${name}: ${[...methods].sort().join()}`);
    expect(real.sort()).toEqual(table.sort());
  });

  describe.each(Object.entries(PATHS))('%s', (name, row) => {
    const { at, types, queries, writes } = row;
    const isRead = row.methods.includes('GET');
    const isCall = CALL.test(at);
    const others = METHODS.filter((method) => !methodsAt(name).includes(method));

    it('tells its methods to OPTIONS, without a token', async () => {
      const response = await fetch(server.url + at, { method: 'OPTIONS' });
      expect([response.status, await response.text()]).toEqual([204, '']);
      expect(allowed(response.headers)).toEqual(methodsAt(name));
      if (isCall && at.startsWith('/api')) {
        expect(response.headers.get('cache-control')).toBe('no-store');
        expect(response.headers.get('vary')).toContain('Authorization');
      }
      for (const [method, header] of Object.entries(ACCEPTS)) {
        const is = response.headers.get(header) !== null;
        expect({ header, is }).toEqual({ header, is: methodsAt(name).includes(method) });
      }
    });

    it.each(others)('refuses %s with 405, and names what is possible', async (method) => {
      const response = await fetch(server.url + at, { method });
      expect([response.status, response.headers.get('content-type')]).toEqual([405, PROBLEM]);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(allowed(response.headers)).toEqual(methodsAt(name));
    });

    if (isRead) {
      it.each(Object.entries(types!))('answers HEAD as GET, where Accept is "%s": %s', async (accept, type) => {
        const headers = { ...ADMIN, ...(accept && { accept }) };
        const [get, head] = [await headOf('GET', at, headers), await headOf('HEAD', at, headers)];
        expect(head).toEqual(get);
        expect([get[0], get[1]['content-type']]).toEqual([row.status ?? 200, type]);
      });

      it.each(Object.entries({ ...queries, 'x=1': isCall ? 400 : (row.status ?? 200) }))(
        'answers HEAD as GET: ?%s is %i',
        async (query, status) => {
          const [get, head] = [await headOf('GET', `${at}?${query}`), await headOf('HEAD', `${at}?${query}`)];
          expect(get[0]).toBe(status);
          expect(head).toEqual(get);
        },
      );

      it('is kept by caches as the table says', async () => {
        const [, { 'cache-control': cache = '', vary = '', etag }] = await headOf('GET', at);
        if (isCall || row.cache !== undefined) expect(cache).toMatch(row.cache ?? /^no-store/);
        if (isCall) expect(vary.split(', ')).toContain('Authorization');
        if (isCall && (row.types?.['application/x-ndjson'] ?? row.types?.['text/event-stream'])) {
          expect(vary.split(', ')).toContain('Accept');
        }
        if (isCall) expect(etag !== undefined).toBe(row.hasTag === true);
        if (!row.hasTag) return;
        const [status, kept] = await headOf('GET', at, { ...ADMIN, 'if-none-match': `"x", W/${etag!}` });
        expect([status, kept.etag, kept['cache-control'], kept.vary]).toEqual([304, etag, cache, vary]);
      });
    }

    if (!row.isOpen) {
      it.each(row.methods)('refuses %s without a token: 401', async (method) => {
        const [status, { 'cache-control': cache }] = await headOf(method, at, {});
        expect([status, cache]).toEqual([401, 'no-store']);
      });
    }

    if (!writes) return;
    describe.each(Object.entries(writes))('%s', (method, [body, good]) => {
      const json = JSON.stringify(body ?? {});
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';

      it.each(['"x"', 'W/"x"', '"v0", "x"'])('does nothing where If-Match is %s: 412', async (ifMatch) => {
        const response = await send(method, at, { 'content-type': type, 'if-match': ifMatch }, json);
        expect([response.status, response.headers.get('content-type')]).toEqual([412, PROBLEM]);
        expect(response.headers.get('cache-control')).toBe('no-store');
      });

      it.each(['x=1', 'toString=x', 'reason=a'])('refuses a parameter that it does not know: ?%s', async (query) => {
        const response = await send(method, `${at}?${query}`, { 'content-type': type }, json);
        const errors = [{ path: query.split('=', 1)[0], message: 'is not a parameter here' }];
        expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ errors })]);
      });

      it.each(['gzip', 'GZIP', 'deflate', 'br', 'x-gzip', 'identity, gzip', 'gzip, identity', 'zstd'])(
        'does not read what is encoded as %s: 415',
        async (coding) => {
          const headers = { 'content-type': type, 'content-encoding': coding };
          const response = await send(method, at, headers, gzipSync(json));
          expect([response.status, response.headers.get('accept-encoding')]).toEqual([415, 'identity']);
          expect(await response.json()).toMatchObject({ code: 'unsupported_media_type', success: false });
        },
      );

      it.each(['text/plain', 'application/xml', 'application/jsonx', 'json', `${type}; charset=latin1`, `${type};;=`])(
        'does not read what is %s: 415, and says what it reads',
        async (other) => {
          const response = await send(method, at, { 'content-type': other }, json);
          expect([response.status, response.headers.get('content-type')]).toEqual([415, PROBLEM]);
          if (other.includes('latin1')) return;
          expect(response.headers.get(ACCEPTS[method] ?? 'accept')).toContain(type);
        },
      );

      it.each([
        ['content-type', type],
        ['content-type', `${type}; charset=utf-8`],
        ['content-type', `${type.toUpperCase()} ;charset="UTF-8"`],
        ['content-encoding', 'identity'],
        ['content-encoding', 'Identity, identity'],
      ])('reads it with %s: %s', async (header, value) => {
        const id = `${ID}-${Math.random().toString(36).slice(2)}`;
        if (at.includes(ID)) await admin().create({ a: 1 }, { id });
        const response = await send(method, at.replace(ID, id), { 'content-type': type, [header]: value }, json);
        expect(response.status).toBe(good);
      });
    });
  });

  it.each(['/nowhere', '/api', '/api/atome', '/api/atome/a/b/c', '/health/x'])('is not %s', async (path) => {
    for (const method of [...METHODS, 'OPTIONS']) {
      const response = await fetch(server.url + path, { method });
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 404, null]);
      expect(response.headers.get('cache-control')).toBe('no-store');
      if (path.startsWith('/api')) expect(response.headers.get('vary')).toContain('Authorization');
    }
  });
});
