import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** The page of a server, and what its console says of errors. */
async function open(server: TestApp): Promise<[Page, errors: string[]]> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${server.url}/api/async-docs`);
  return [page, errors];
}
const frame = (page: Page, text: string | RegExp) =>
  page.getByRole('log').getByRole('listitem').filter({ hasText: text });
const state = (page: Page, text: RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor();

describe('the page of the WebSocket', () => {
  it('describes each message, and tries those that a client sends', async () => {
    const server = await startApp();
    const [page, errors] = await open(server);
    await page.getByRole('button', { name: 'Connect' }).click();
    await frame(page, '"type": "welcome"').waitFor();

    await page.locator('summary', { hasText: /^subscribe / }).click();
    await page.getByRole('rowheader', { name: 'since?' }).waitFor();
    await page.getByRole('button', { name: 'Use this' }).click();
    await page.getByRole('button', { name: 'Send' }).click();
    await frame(page, '"type": "subscribed"').waitFor();

    await page.getByLabel('Message, in JSON').fill('{ "type": ');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').filter({ hasText: 'JSON' }).waitFor();

    // what a type names opens, also where types name each other
    await page.locator('summary', { hasText: /^events / }).click();
    for (const name of [/^AtomeEvent$/, /^Atome$/]) await page.locator('summary', { hasText: name }).first().click();
    await page.getByRole('rowheader', { name: 'ownerId', exact: true }).first().waitFor();

    await page.getByRole('button', { name: 'Disconnect' }).click();
    await state(page, /^closed with 1000/);
    expect(errors).toEqual([]);
    await page.close();
    await server.close();
  });

  it('says who one is with a token, where the server asks for one', async () => {
    const server = await startApp(WITH_TOKENS);
    const [page, errors] = await open(server);
    await page.getByLabel(/^Token/).fill(tokenOf('reader'));
    await page.getByRole('button', { name: 'Connect' }).click();
    await frame(page, '"type": "auth:success"').waitFor();
    expect(errors).toEqual([]);
    await page.close();
    await server.close();
  });
});
