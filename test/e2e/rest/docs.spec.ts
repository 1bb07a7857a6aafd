import { afterEach, describe, expect, it } from '@jest/globals';
import { WITH_TOKENS } from '../../support/server/tokens.js';
import { startApp, type TestApp } from '../../support/server/app.js';

const LOADED = [
  '/api/docs',
  '/api/docs/',
  '/api/docs/index.html',
  '/api/docs/swagger-ui.css',
  '/api/docs/swagger-ui-bundle.js',
  '/api/docs/swagger-ui-standalone-preset.js',
  '/api/docs/swagger-ui-init.js',
  '/api/docs/favicon-16x16.png',
  '/api/docs/favicon-32x32.png',
  '/api/docs/docs/swagger-ui.css',
  '/api/openapi.json',
  '/api/asyncapi.json',
];

const HIDDEN = [
  '/api/docs/package.json',
  '/api/docs/package%2ejson',
  '/api/docs/%70ackage.json',
  '/api/docs/./package.json',
  '/api/docs/docs/package.json',
  '/api/docs/docs/docs/package.json',
  '/api/docs/LICENSE',
  '/api/docs/docs/LICENSE',
  '/api/docs/NOTICE',
  '/api/docs/README.md',
  '/api/docs/absolute-path.js',
  '/api/docs/index.js',
  '/api/docs/swagger-ui.js.map',
  '/api/docs/swagger-ui-bundle.js.map',
  '/api/docs/swagger-ui-bundle.js.LICENSE.txt',
  '/api/docs/swagger-initializer.js',
  '/api/docs/oauth2-redirect.html',
  '/api/docs/log.bundle-sizes.swagger-ui.txt',
  '/api/docs/..%2fdocs%2fpackage.json',
];

describe('the documentation', () => {
  let server: TestApp;
  afterEach(() => server.close());
  const statusesOf = async (paths: readonly string[]): Promise<[string, number][]> =>
    Promise.all(paths.map(async (path) => [path, (await server.api.get(path)).status] as [string, number]));
  const all = (paths: readonly string[], status: number): [string, number][] => paths.map((path) => [path, status]);

  it.each([
    ['by default', {}],
    ['with tokens, to everybody', WITH_TOKENS],
  ])('is what Swagger UI loads and nothing else of its package, %s', async (_when, environment) => {
    server = await startApp(environment);
    expect(await statusesOf(LOADED)).toEqual(all(LOADED, 200));
    expect(await statusesOf(HIDDEN)).toEqual(all(HIDDEN, 404));
    for (const path of HIDDEN) {
      const { status } = await fetch(server.url + path, { method: 'HEAD' });
      expect([path, status]).toEqual([path, 404]);
    }
  });

  it('is not there with DOCS=off', async () => {
    server = await startApp({ DOCS: 'off' });
    const paths = [...LOADED, ...HIDDEN, '/api/docs-yaml'];
    expect(await statusesOf(paths)).toEqual(all(paths, 404));
    expect((await server.api.get('/api/atome/list')).status).toBe(200);
  });
});
