import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import type { Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import * as program from '../support/programs/react-page.js';
import { ConsolePage } from '../support/browser/console-page.js';

/* In development mode: there Strict Mode renders twice, and listens, stops and listens again. */
const SCRIPT = `
  import { hydrateRoot } from 'react-dom/client';
  import { countedClient, page, renders } from './test/support/programs/react-page.ts';
  const counted = countedClient(location.origin);
  const errors = [];
  const root = hydrateRoot(document.body, page(counted.client), { onRecoverableError: (error) => errors.push(String(error)) });
  Object.assign(window, { ...counted, renders, page, root, errors });
`;

interface InPage extends program.Counted {
  readonly renders: typeof program.renders;
  readonly page: typeof program.page;
  readonly root: Root;
  readonly errors: readonly string[];
}
declare const window: InPage;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: fileURLToPath(new URL('../../', import.meta.url)) },
    bundle: true,
    format: 'iife',
    define: { 'process.env.NODE_ENV': '"development"' },
    external: ['ws'],
    write: false,
  });
  return outputFiles[0]!.text;
}

describe('the hooks in Chromium, under Strict Mode', () => {
  let server: TestApp;
  let shown: ConsolePage;
  let page: Page;
  beforeAll(async () => {
    server = await startApp();
    const { client } = program.countedClient(server.url);
    const body = renderToString(program.page(client));
    await client.close();
    const html = `<!doctype html><meta charset="utf-8"><body>${body}</body><script>${await bundle()}</script>`;
    shown = await ConsolePage.open(await launchBrowser(), 'about:blank');
    ({ page } = shown);
    await page.route(`${server.url}/page`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(`${server.url}/page`);
    await page.getByText('live 0').waitFor();
  });
  afterAll(async () => {
    await page.context().browser()!.close();
    await server.close();
  });

  it('take over what the server has rendered', async () => {
    expect(await page.evaluate(() => window.errors)).toEqual([]);
    expect(shown.errors).toEqual([]);
  });

  it('show what is written here and elsewhere', async () => {
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('Milk').waitFor();
    await server.api.post('/api/atome/create', { id: 'one', kind: 'todo', data: { title: 'Bread' } });
    await page.locator('p', { hasText: 'Bread' }).waitFor();
    expect(await page.locator('li').allTextContents()).toEqual(['Bread', 'Milk']);
  });

  it('render no part for what it does not show, and listen once however often they render', async () => {
    await page.evaluate(() => window.client.flush());
    const before = await page.evaluate(() => ({ ...window.renders, ...window.listened }));
    expect(before.begun - before.ended).toBe(2);
    await page.evaluate(async () => {
      await window.client.create({ id: 'other', kind: 'note', data: {} });
      await window.client.flush();
    });
    expect(await page.evaluate(() => ({ ...window.renders, ...window.listened }))).toEqual(before);

    await page.evaluate(() => window.root.render(window.page(window.client)));
    await page.waitForFunction((list) => window.renders.list > list, before.list);
    expect(await page.evaluate(() => ({ ...window.listened }))).toEqual({ begun: before.begun, ended: before.ended });
  });

  it('listen no longer once they are gone', async () => {
    await page.evaluate(() => window.root.render(window.page(window.client, false)));
    await page.waitForFunction(() => window.listened.begun === window.listened.ended);
    expect(shown.errors).toEqual([]);
  });
});
