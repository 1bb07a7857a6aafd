import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import { PrefixProxy } from '../support/browser/prefix-proxy.js';
import { FaultProxy } from '../support/faults/fault-proxy.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe.each([
  ['/', 'todo'],
  ['/deep/sync/', 'todo'],
  ['/deep/sync/', 'todo-react'],
])('the todos of %sexamples/%s/', (prefix, name) => {
  let server: TestApp;
  let stripped: PrefixProxy;
  let proxy: FaultProxy;
  let context: BrowserContext;
  let page: Page;
  beforeEach(async () => {
    server = await startApp();
    stripped = await PrefixProxy.to(Number(new URL(server.url).port), prefix.slice(0, -1));
    proxy = await FaultProxy.to(new URL(stripped.url).origin);
    context = await browser.newContext();
    page = await context.newPage();
    await page.goto(`${proxy.url}${prefix}examples/${name}/`);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await status('live');
  });
  afterEach(async () => {
    await context.close();
    await proxy.close();
    await stripped.close();
    await server.close();
  });

  async function status(text: string | RegExp): Promise<void> {
    await page.getByRole('status').filter({ hasText: text }).waitFor();
  }

  async function add(title: string): Promise<void> {
    await page.getByLabel('Title').fill(title);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('listitem').filter({ hasText: title }).waitFor();
  }

  /** A browser that plays offline keeps its sockets open; the network behind it does not. */
  async function airplane(on: boolean): Promise<void> {
    await context.setOffline(on);
    if (on) proxy.break({ kind: 'refuse' });
    else proxy.heal();
  }

  it('survive airplane mode', async () => {
    await add('Milk');
    await status(/^live$/);
    await airplane(true);
    await add('Bread');
    await add('Salt');
    await page.getByLabel('Milk', { exact: true }).check();
    await page.getByRole('button', { name: 'Delete Salt' }).click();
    await page.getByText('Salt').waitFor({ state: 'detached' });
    await status('4 to send');

    await page.reload();
    await page.getByText('Bread').waitFor();
    expect(await page.getByLabel('Milk', { exact: true }).isChecked()).toBe(true);
    expect(await page.getByRole('listitem').count()).toBe(2);
    await status('4 to send');

    await airplane(false);
    await status(/^live$/);
    const { body } = await server.api.get('/api/atome/list?kind=todo&sortBy=createdAt&sortOrder=asc');
    expect((body as { data: { data: object }[] }).data.map(({ data }) => data)).toEqual([
      { title: 'Milk', done: true },
      { title: 'Bread', done: false },
    ]);
  });
});
