import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type * as sdk from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';

interface InPage {
  client: sdk.Client;
}
declare const window: InPage;

const PAGE = `<!doctype html><title>A page</title><script type="module">
  import { createClient, indexedDbStore } from './files/stdin.js';
  window.client = createClient({ store: indexedDbStore() });
</script>`;

/** What an application has that bundles the client with code splitting, by name. */
async function filesOf(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { createClient, indexedDbStore } from './index.ts'`,
      resolveDir: fileURLToPath(new URL('../../client/src/', import.meta.url)),
    },
    bundle: true,
    splitting: true,
    outdir: 'files',
    format: 'esm',
    target: 'es2022',
    external: ['ws'],
    write: false,
  });
  return new Map(outputFiles.map(({ path, text }) => [path.split('/').at(-1)!, text]));
}

let browser: Browser;
let files: Map<string, string>;
beforeAll(async () => {
  [browser, files] = await Promise.all([launchBrowser(), filesOf()]);
});
afterAll(() => browser.close());

describe('a page that has the first file of the client', () => {
  let server: TestApp;
  let context: BrowserContext;
  /** Whether the second file comes. */
  let comes: boolean;
  beforeEach(async () => {
    server = await startApp();
    context = await browser.newContext();
    comes = true;
    await context.route(`${server.url}/page`, (route) => route.fulfill({ contentType: 'text/html', body: PAGE }));
    await context.route(`${server.url}/files/*`, (route) => {
      const name = route.request().url().split('/').at(-1)!;
      if (name.startsWith('deferred') && !comes) return route.abort();
      return route.fulfill({ contentType: 'text/javascript', body: files.get(name)! });
    });
  });
  afterEach(async () => {
    await context.close();
    await server.close();
  });

  async function open(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${server.url}/page`);
    await page.waitForFunction(() => 'client' in window);
    return page;
  }

  const create = (page: Page, id: string): Promise<object> =>
    page.evaluate((id) => window.client.create({ id, kind: 'note', data: {} }), id);
  const ids = (page: Page): Promise<string[]> =>
    page.evaluate(async () => (await window.client.list()).map(({ id }) => id));
  const flush = (page: Page): Promise<void> => page.evaluate(() => window.client.flush());

  it('says so where the second does not come, shows and keeps all the same, and sends it when it has come', async () => {
    const first = await open();
    await create(first, 'a');
    await flush(first);
    await first.close();

    comes = false;
    const page = await open();
    await page.waitForFunction(() => window.client.status().state === 'offline');
    const status = await page.evaluate(() => window.client.status());
    expect(status).toMatchObject({
      state: 'offline',
      reason: expect.stringMatching(/did not load; reload the page/),
      nextAttemptAt: expect.any(Number),
      storage: 'durable',
    });
    expect(await create(page, 'b')).toEqual({ success: true, pending: true, id: 'b', opId: expect.any(String) });
    expect(await ids(page)).toEqual(['a', 'b']);

    comes = true;
    await page.reload();
    await page.waitForFunction(() => 'client' in window);
    await flush(page);
    expect((await server.api.get('/api/atome/list?sort=id')).body).toMatchObject({ data: [{ id: 'a' }, { id: 'b' }] });
  });
});
