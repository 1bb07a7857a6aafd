import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';

const TYPES = {
  '/': 'text/html; charset=utf-8',
  '/console.css': 'text/css; charset=utf-8',
  '/console.js': /^(?:text|application)\/javascript; charset=utf-8$/,
  '/client.js': /^(?:text|application)\/javascript; charset=utf-8$/,
  '/client.js.map': /^application\/json/,
  '/examples/socket_test.js': /^(?:text|application)\/javascript; charset=utf-8$/,
};
const PATHS = Object.keys(TYPES) as (keyof typeof TYPES)[];

describe('what the page is made of', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
  });
  afterAll(() => server.close());

  it.each(PATHS)('has its type, and is asked for again each time: %s', async (path) => {
    const { status, headers } = await server.api.get(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(TYPES[path]);
    expect(headers.get('cache-control')).toBe('no-cache');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(await revalidated(path, headers.get('etag')!)).toBe(304);
    expect(await revalidated(path, '"another"')).toBe(200);
  });

  it('has less than 70 kB of script, compressed', async () => {
    const files = await Promise.all(['/console.js', '/client.js'].map((path) => server.api.get(path)));
    expect(files.reduce((sum, { text }) => sum + gzipSync(text).length, 0)).toBeLessThan(70_000);
  });

  it('names what it is made of by relative addresses, so that it works under a prefix', async () => {
    const { text } = await server.api.get('/');
    const addresses = [...text.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, address]) => address!);
    expect(addresses.filter((address) => !/^(?:data:|[\w-]+\.(?:js|css)$)/.test(address))).toEqual([]);
  });

  it('names its source map', async () => {
    expect((await server.api.get('/client.js')).text).toContain('//# sourceMappingURL=client.js.map');
  });

  it('runs scripts and styles of its own server alone, and has none within', async () => {
    const { headers, text } = await server.api.get('/');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(text).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)/i);
  });

  it.each(['/nothing.js', '/examples/', '/examples/nothing.js', '/index.js', '/.env', '/examples/..%2fbuild.mjs'])(
    'answers 404 for anything else: %s',
    async (path) => {
      const { status, body } = await server.api.get(path);
      expect({ status, body }).toMatchObject({ status: 404, body: { success: false, code: 'not_found' } });
    },
  );

  /** `fetch` would ask past every cache. */
  async function revalidated(path: string, etag: string): Promise<number | undefined> {
    const request = get(server.url + path, { headers: { 'if-none-match': etag } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  }
});
