import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { ConsolePage } from '../support/browser/console-page.js';
import { launchBrowser } from '../support/browser/browser.js';
import { PASSWORD, WITH_ACCOUNTS } from '../support/server/accounts.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { inSeconds, tokenOf } from '../support/server/tokens.js';

let browser: Browser;
let server: TestApp;
beforeAll(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startApp(WITH_ACCOUNTS)]);
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

/** The browser notes each refused request by itself. */
const unexpected = ({ errors }: ConsolePage) => errors.filter((error) => !error.includes('401'));

describe('signing in', () => {
  it('takes a token for as long as the window is there, and forgets it', async () => {
    const consolePage = await ConsolePage.open(browser, server.url);
    const { page } = consolePage;
    await consolePage.press('Use a token');
    await page.getByLabel(/^Token/).fill('none');
    await consolePage.press('Sign in');
    await page.getByRole('alert').filter({ hasText: 'token' }).waitFor();
    await page.getByLabel(/^Token/).fill(tokenOf('writer', { sub: 'ann', tenant: 'acme' }));
    await consolePage.press('Sign in');
    await consolePage.status('Connected');
    await page.getByText('acme · writer').waitFor();
    await consolePage.create('Mine');
    await server.api.as(tokenOf('writer', { sub: 'bob', tenant: 'acme' })).create({ name: 'Theirs' });
    await consolePage.shows('Theirs');
    await page.reload();
    await consolePage.status('Connected');
    await consolePage.shows('Mine');

    await consolePage.press('Sign out');
    await page.getByRole('form', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    expect(unexpected(consolePage)).toEqual([]);
    await consolePage.close();
  });

  it('makes an account, signs in to it, and renews what ends', async () => {
    const consolePage = await ConsolePage.open(browser, server.url);
    const { page } = consolePage;
    await consolePage.press('New account');
    await page.getByLabel(/^E-mail/).fill('ada');
    await page.getByLabel('Password').fill(PASSWORD);
    await consolePage.press('Create account');
    await consolePage.status('Connected');
    await page.locator('.who').filter({ hasText: 'ada' }).waitFor();
    await consolePage.press('Sign out');
    await page.getByLabel(/^E-mail/).fill('ada');
    await page.getByLabel('Password').fill('not the password');
    await consolePage.press('Sign in');
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await consolePage.press('Sign in');
    await consolePage.status('Connected');

    // as if it ended in a moment: it is renewed before it is used
    await page.evaluate(`{
      const kept = JSON.parse(sessionStorage.getItem('atome-sync session'));
      sessionStorage.setItem('atome-sync session', JSON.stringify({ ...kept, expiresAt: Date.now() }));
    }`);
    const renewed = page.waitForResponse(/api\/auth\/refresh/);
    await page.reload();
    expect((await renewed).status()).toBe(200);
    await consolePage.status('Connected');
    expect(unexpected(consolePage)).toEqual([]);
    await consolePage.close();
  });

  it('asks again when the token has ended, and says why', async () => {
    const consolePage = await ConsolePage.open(browser, server.url);
    const { page } = consolePage;
    await consolePage.press('Use a token');
    await page.getByLabel(/^Token/).fill(tokenOf('writer', { exp: inSeconds(3) }));
    await consolePage.press('Sign in');
    await consolePage.status('Connected');
    await page.getByRole('form', { name: 'Sign in' }).waitFor();
    await page.getByRole('alert').waitFor();
    expect(unexpected(consolePage)).toEqual([]);
    await consolePage.close();
  });
});

describe('a server that asks nobody', () => {
  it('shows no form', async () => {
    const open = await startApp();
    const consolePage = await ConsolePage.open(browser, open.url);
    await consolePage.status('Connected');
    expect(await consolePage.page.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
    await consolePage.close();
    await open.close();
  });
});
