import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import { createFile } from '../support/databases/databases.js';
import { freePort } from '../support/server/free-port.js';
import { ServerProcess } from '../support/server/process.js';
import { ConsolePage } from '../support/browser/console-page.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe('the page in two windows', () => {
  let server: TestApp;
  let one: ConsolePage;
  let two: ConsolePage;
  beforeEach(async () => {
    server = await startApp();
    [one, two] = await Promise.all([ConsolePage.open(browser, server.url), ConsolePage.open(browser, server.url)]);
    await Promise.all([one.status('Connected'), two.status('Connected')]);
  });
  afterEach(async () => {
    const errors = [...one.errors, ...two.errors];
    await Promise.all([one.close(), two.close()]);
    await server.close();
    expect(errors).toEqual([]);
  });

  it('shows in one what is created, edited, renamed and deleted in the other', async () => {
    await one.create('Shopping', 'Milk');
    await two.shows('Shopping');
    await two.tells('atome:created', 'Shopping');
    expect(await two.atome('Shopping').textContent()).toContain('"content":"Milk"');

    await two.press('Edit Shopping');
    await two.fill('Data, a JSON object', '{"name":"Shopping","content":"Bread"}');
    await two.press('Save');
    await one.tells('atome:updated', 'Shopping');
    expect(await one.atome('Shopping').textContent()).toContain('"content":"Bread"');

    await one.rename('Shopping', 'Groceries');
    await two.shows('Groceries');
    await two.tells('atome:altered', 'rename');

    await two.press('Delete Groceries');
    await one.hides('Groceries');
    await one.tells('atome:deleted', 'Groceries');
  });

  it('shows the history, and goes back', async () => {
    await one.create('First');
    await one.rename('First', 'Second');
    await one.press('History Second');
    const entries = one.page.locator('#history li');
    await entries.filter({ hasText: '2 · rename' }).waitFor();
    expect(await entries.count()).toBe(2);
    await one.press('Restore version 1');
    await Promise.all([one.shows('First'), two.shows('First')]);

    await one.press('Delete First');
    await two.hides('First');
    await two.page.getByLabel('Show deleted').check();
    await two.press('Restore First');
    await one.shows('First');
  });

  it('says what was refused', async () => {
    await one.create('Shared');
    await two.shows('Shared');
    await one.press('Edit Shared');
    await two.rename('Shared', 'Faster');
    await one.tells('atome:altered');
    await one.press('Save');
    await one.page.getByRole('alert').filter({ hasText: 'at version 2, which If-Match does not name' }).waitFor();
    await one.fill('Data, a JSON object', '{"name":');
    await one.press('Save');
    await one.page.getByRole('alert').filter({ hasText: 'JSON' }).waitFor();
    // the browser notes each refused request by itself
    expect(one.errors.splice(0)).toEqual([expect.stringContaining('412')]);
  });

  it('shows markup as text', async () => {
    const name = '<script>window.hacked = 1</script><img src="x" onerror="window.hacked = 2">';
    await server.api.create({ name, content: name }, { id: 'evil' });
    await Promise.all([one.shows(name), one.tells('atome:created', name)]);
    await one.press(`History ${name}`);
    await one.page.locator('#history li', { hasText: '1 · create' }).waitFor();
    expect(await one.page.locator('main img, main script, dialog img, dialog script').count()).toBe(0);
    expect(await one.page.evaluate('window.hacked')).toBeUndefined();
  });

  it('does what the head of its first script says, and logs it in the other window', async () => {
    const script = readFileSync(new URL('../../client/examples/socket_test.js', import.meta.url), 'utf8');
    const lines = [...script.matchAll(/^ \* {3}(\S.*)$/gm)].map(([, line]) => line);
    expect(lines).toHaveLength(3);
    const told = two.page.waitForEvent('console', (message) => message.text().startsWith('changed:'));
    await one.page.evaluate(`(async () => { ${lines.join('\n')} })()`);
    await Promise.all([told, two.shows('Groceries')]);
    const said = two.logged.map((line) => line.split(' ')[0]);
    expect(said).toEqual(['connected', 'created:', 'changed:']);
  });
});

describe('the page of a server that asks for tokens', () => {
  it('takes one, uses it as long as the window is there, and forgets it', async () => {
    const server = await startApp(WITH_TOKENS);
    const consolePage = await ConsolePage.open(browser, server.url);
    const { page } = consolePage;
    await page.getByRole('alert').filter({ hasText: 'token' }).waitFor();
    await consolePage.status('Not connected');

    await consolePage.fill('Token', tokenOf('writer'));
    await consolePage.press('Use token');
    await consolePage.status('Connected');
    await consolePage.create('Mine');
    await server.api.as(tokenOf('writer', { sub: 'bob' })).create({ name: 'Theirs' });
    await consolePage.shows('Theirs');
    await page.reload();
    await consolePage.status('Connected');
    await consolePage.shows('Mine');

    await consolePage.press('Forget token');
    await consolePage.status('Not connected');
    await consolePage.hides('Mine');
    await consolePage.fill('Token', tokenOf('writer', { tenant: 'other' }));
    await consolePage.press('Use token');
    await consolePage.status('Connected');
    expect(await page.locator('#atomes li').count()).toBe(0);
    expect(consolePage.errors.filter((error) => !error.includes('401'))).toEqual([]);
    await consolePage.close();
    await server.close();
  });

  it('shows no field for a token where none is needed', async () => {
    const server = await startApp();
    const consolePage = await ConsolePage.open(browser, server.url);
    await consolePage.status('Connected');
    expect(await consolePage.page.getByLabel('Token').isVisible()).toBe(false);
    await consolePage.close();
    await server.close();
  });
});

describe('the page when the server is started again', () => {
  it('comes back by itself and shows what happened meanwhile', async () => {
    const database = createFile();
    const environment = { DATABASE_URL: database.url, PORT: String(await freePort()) };
    let server = await ServerProcess.start(environment);
    const windows = await Promise.all([ConsolePage.open(browser, server.url), ConsolePage.open(browser, server.url)]);
    const inBoth = (act: (consolePage: ConsolePage) => Promise<void>) => Promise.all(windows.map(act));
    await inBoth((consolePage) => consolePage.status('Connected'));
    await windows[0].create('Before');
    await windows[1].shows('Before');

    expect(await server.kill('SIGTERM')).toBe(0);
    await inBoth((consolePage) => consolePage.status('Disconnected'));
    server = await ServerProcess.start({ ...environment, PORT: '0' });
    await server.api.create({ name: 'Meanwhile' });
    await server.kill('SIGTERM');

    server = await ServerProcess.start(environment);
    await inBoth((consolePage) => consolePage.status('Connected'));
    await inBoth((consolePage) => consolePage.tells('atome:created', 'Meanwhile'));
    await inBoth((consolePage) => consolePage.shows('Meanwhile'));
    await windows[1].create('After');
    await windows[0].shows('After');

    const errors = windows.flatMap((consolePage) => consolePage.errors);
    expect(errors.filter((error) => !error.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
    await inBoth((consolePage) => consolePage.close());
    await server.kill('SIGTERM');
    await database.drop();
  });
});
