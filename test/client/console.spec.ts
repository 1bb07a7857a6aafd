import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser } from 'playwright-core';
import { ConsolePage } from '../support/browser/console-page.js';
import { PrefixProxy } from '../support/browser/prefix-proxy.js';
import { launchBrowser } from '../support/browser/browser.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { FaultProxy } from '../support/faults/fault-proxy.js';

const MANY = 50_000;

let browser: Browser;
let server: TestApp;
/** Two windows, which all tests use one after the other. */
let one: ConsolePage;
let two: ConsolePage;
beforeAll(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startApp()]);
  [one, two] = await Promise.all([ConsolePage.open(browser, server.url), ConsolePage.open(browser, server.url)]);
  await Promise.all([one.status('Connected'), two.status('Connected')]);
});
beforeEach(() => Promise.all([one.goTo('atomes'), two.goTo('atomes')]));
// those of a test are not told of the next one
afterEach(() => expect([...one.errors.splice(0), ...two.errors.splice(0)]).toEqual([]));
afterAll(async () => {
  await browser.close();
  await server.close();
});

describe('the console in two windows', () => {
  it('shows in one what is created, edited, renamed and deleted in the other, and lights it up', async () => {
    await one.create('Shopping', '{"content":"Milk"}');
    await two.shows('Shopping');
    await two.page.locator('.grid-row.lit').waitFor();
    expect(await two.atome('Shopping').textContent()).toContain('content: Milk');

    await two.select('Shopping');
    await two.fill('content', 'Bread');
    await two.press('Save');
    await one.atome('Shopping').filter({ hasText: 'content: Bread' }).waitFor();

    await one.select('Shopping');
    await one.act('Rename', { 'New name': 'Purchases' });
    await two.shows('Purchases');
    await two.act('Delete');
    await one.hides('Purchases');
    await one.page.getByText(/anonymous deleted it/).waitFor();
    await one.press('Restore');
    await two.shows('Purchases');
  });

  it('tells the stream of both windows, with what has changed, and waits while it is paused', async () => {
    const id = await made({ name: 'Watched', size: 1 });
    await one.goTo('live');
    const told = one.page.locator('.told');
    await told.filter({ hasText: 'Watched' }).first().waitFor();
    await server.api.post(`/api/atome/${id}/alter`, { operation: 'update', changes: { size: 2 } });
    await told.filter({ hasText: '{"size":2}' }).getByRole('button').click();
    await one.page.locator('.diff .changed').filter({ hasText: 'size12' }).waitFor();
    await one.press('Pause');
    await server.api.create({ name: 'Meanwhile' });
    await one.press('Go on (1 new)');
    await told.filter({ hasText: 'Meanwhile' }).waitFor();
  });

  it('merges an edit with what another has changed meanwhile, and asks about what both have changed', async () => {
    const id = await made({ name: 'Shared', left: 'l', right: 'r', both: 'b' });
    await one.shows('Shared');
    await one.select('Shared');
    await one.fill('left', 'mine');
    await one.fill('both', 'mine too');
    await server.api.post(`/api/atome/${id}/alter`, {
      operation: 'update',
      changes: { right: 'theirs', both: 'theirs too' },
    });
    await one.page.getByText('You both changed both').waitFor();
    expect(await one.page.getByRole('textbox', { name: 'right' }).inputValue()).toBe('theirs');
    expect(await one.page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await one.press('Keep mine for both');
    await one.press('Save');
    await two.atome('Shared').filter({ hasText: 'left: mine  right: theirs  both: mine too' }).waitFor();
  });

  it('keeps what is typed as JSON, and says what is wrong with it', async () => {
    const id = await made({ name: 'Typed', size: 1 });
    await one.goTo(`atomes/${id}`);
    await one.page.getByRole('tab', { name: 'JSON' }).click();
    await one.fill('Data, a JSON object', '{"name":"Typed","size":');
    await one.page
      .getByRole('alert')
      .filter({ hasText: /line 1|end of/i })
      .waitFor();
    await server.api.post(`/api/atome/${id}/alter`, { operation: 'update', changes: { added: true } });
    await two.atome('Typed').filter({ hasText: 'added: true' }).waitFor();
    await one.fill('Data, a JSON object', '{"name":"Typed","size":7}');
    await one.press('Save');
    await two.atome('Typed').filter({ hasText: 'size: 7' }).filter({ hasText: 'added: true' }).waitFor();
  });

  it('goes back in the history by the slider, and brings a version back', async () => {
    const id = await made({ name: 'First' });
    await server.api.post(`/api/atome/${id}/alter`, {
      operation: 'update',
      changes: { name: 'Second' },
      reason: 'it was time',
    });
    await one.goTo(`history/${id}`);
    await one.page.getByRole('button', { name: /update by anonymous.*it was time/ }).waitFor();
    await one.page.locator('.diff').filter({ hasText: 'data.name"First""Second"' }).waitFor();
    await one.page.getByRole('slider', { name: 'Version' }).press('ArrowLeft');
    await one.page.getByRole('heading', { name: 'As it was at version 1' }).waitFor();
    await one.press('Restore version 1');
    await one.page
      .getByRole('dialog')
      .getByLabel(/Reason/)
      .fill('the first was better');
    await one.page.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click();
    await one.page.getByRole('button', { name: /3.*restore by anonymous.*the first was better/ }).waitFor();
    await two.shows('First');
  });

  it('lists the clients, ends one that comes back, and explains what it was told', async () => {
    const { seq } = await server.api.create({ name: 'Explained' });
    await two.shows('Explained');
    await one.goTo('clients');
    await one.page.getByRole('table').getByRole('link', { name: 'Explain' }).first().click();
    await one.page.getByLabel('Change, by its seq').fill(String(seq));
    await one.page.getByRole('button', { name: 'Explain' }).click();
    await one.page.getByText('They may read it: admins may read everything.').waitFor();
    await one.page.locator('.delivery .chip').filter({ hasText: 'sent' }).waitFor();
    await one.goTo('clients');
    const clients = one.page.locator('tbody td.mono');
    await clients.nth(1).waitFor();
    const names = await clients.allTextContents();
    await one.press(`End ${names[0]!}`);
    await one.page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
    await clients.filter({ hasText: names[0]! }).waitFor({ state: 'detached' });
    await Promise.all([one.status('Connected'), two.status('Connected')]);
    await one.goTo('health');
    await one.page.getByText('Ready', { exact: true }).waitFor();
  });

  it('is used by the keyboard alone', async () => {
    const { keyboard } = one.page;
    await server.api.create({ name: 'Aardvark' });
    await server.api.create({ name: 'Badger' });
    await one.shows('Badger');
    await keyboard.press('/');
    await keyboard.type('adger');
    await one.hides('Aardvark');
    await one.page.getByRole('grid').focus();
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await one.page.getByRole('heading', { name: 'Badger' }).waitFor();
    await keyboard.press('e');
    await one.page.locator('.editor input:focus').waitFor();
    await keyboard.press('ControlOrMeta+a');
    await keyboard.type('Honey badger');
    expect(await one.page.locator('.editor input:focus').inputValue()).toBe('Honey badger');
    await keyboard.press('ControlOrMeta+s');
    await one.page.getByRole('heading', { name: 'Honey badger' }).waitFor();
    await two.shows('Honey badger');
    await one.page.getByRole('heading', { name: 'Honey badger' }).focus();
    await keyboard.press('Escape');
    await one.page.getByRole('complementary').waitFor({ state: 'detached' });
    await one.page.getByRole('grid').focus();
    await keyboard.press('Space');
    await keyboard.press('Delete');
    await one.page.getByRole('dialog').waitFor();
    await keyboard.press('Enter');
    await two.hides('Honey badger');
    await keyboard.press('ControlOrMeta+k');
    await one.page.locator('dialog input:focus').waitFor();
    await keyboard.type('live');
    await keyboard.press('Enter');
    await one.page.getByRole('heading', { name: 'Live' }).waitFor();
  });

  it('shows markup as text', async () => {
    const name = '<script>window.hacked = 1</script><img src="x" onerror="window.hacked = 2">';
    const id = await made({ name, content: name });
    await one.shows(name);
    await one.goTo(`history/${id}`);
    await one.page.getByRole('button', { name: /create by anonymous/ }).waitFor();
    expect(await one.page.locator('main img, main script').count()).toBe(0);
    expect(await one.page.evaluate('window.hacked')).toBeUndefined();
  });

  it('lets the first example be tried, which logs in the other window', async () => {
    const script = readFileSync(new URL('../../client/examples/socket_test.js', import.meta.url), 'utf8');
    const lines = [...script.matchAll(/^ \* {3}(\S.*)$/gm)].map(([, line]) => line!);
    expect(lines).toHaveLength(3);
    await two.page.evaluate(`(async () => { ${lines[0]!} })()`);
    const told = two.page.waitForEvent('console', (message) => message.text().startsWith('changed:'));
    await one.page.evaluate(`(async () => { ${lines.join('\n')} })()`);
    await Promise.all([told, two.shows('Groceries')]);
    expect(two.logged.map((line) => line.split(' ')[0])).toEqual(['connected', 'created:', 'changed:']);
  });
});

describe('the console in one window', () => {
  // what is not of colours is the same in the dark
  it.each<{ colorScheme: 'light' | 'dark'; only: axe.RunOptions }>([
    { colorScheme: 'light', only: {} },
    { colorScheme: 'dark', only: { runOnly: ['color-contrast', 'link-in-text-block'] } },
  ])('has no serious finding of axe in any view: $colorScheme', async ({ colorScheme, only }) => {
    const id = await made({ name: 'Looked at', done: true, size: 3, place: { room: 'B1' } });
    await server.api.post(`/api/atome/${id}/rename`, { newName: 'Looked at closely' });
    await one.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // colours pass over into each other, for a millisecond
    await one.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    await one.page.evaluate(axe.source);
    const views = [
      'atomes?mode=tree&filter=x',
      'live',
      'history',
      `history/${id}`,
      'explain?seq=1',
      'clients',
      'health',
    ];
    for (const view of [`atomes/${id}`, ...views]) {
      await one.goTo(view);
      expect({ view, findings: await findings(one, only) }).toEqual({ view, findings: [] });
    }
    await one.goTo('atomes');
    await one.press('New');
    expect(await findings(one, only)).toEqual([]);
    await one.page.keyboard.press('Escape');
    await one.page.emulateMedia({ colorScheme: null, reducedMotion: null });
  });

  it('works under a prefix that a proxy strips', async () => {
    const proxy = await PrefixProxy.to(Number(new URL(server.url).port), '/deep/sync');
    const consolePage = await ConsolePage.open(browser, proxy.url);
    await consolePage.status('Connected');
    await consolePage.create('Under a prefix');
    await consolePage.goTo('live');
    await consolePage.page.locator('.told').filter({ hasText: 'Under a prefix' }).first().waitFor();
    await consolePage.page.getByRole('link', { name: 'API documentation' }).click();
    await consolePage.page.getByText('/api/atome/list').waitFor();
    expect(consolePage.errors).toEqual([]);
    await consolePage.close();
    await proxy.close();
  });
});

describe('the console of a server that holds much', () => {
  let large: TestApp;
  let consolePage: ConsolePage;
  beforeAll(async () => {
    large = await startApp({ MAX_JSON_NODES: '200000', MAX_MESSAGE_BYTES: '16000000' });
    const atomes = Array.from({ length: MANY }, (_, at) => ({ kind: 'many', data: { name: `Number ${at}` } }));
    for (let from = 0; from < MANY; from += 10_000)
      await large.api.post('/api/atome/batch', { operation: 'create', atomes: atomes.slice(from, from + 10_000) });
    consolePage = await ConsolePage.open(browser, `${large.url}/#/atomes?kind=many&sort=name`);
  });
  afterEach(() => expect(consolePage.errors).toEqual([]));
  afterAll(() => large.close());

  const elements = (): Promise<number> => consolePage.page.locator('#console *').count();

  it('makes the rows alone that are seen, and reaches the last', async () => {
    const { page } = consolePage;
    await page.getByTestId('count').filter({ hasText: '50,000' }).waitFor();
    await consolePage.shows('Number 0');
    expect(await page.locator('.grid-row').count()).toBeLessThan(100);
    await page.getByRole('grid').press('End');
    await consolePage.shows(`Number ${MANY - 1}`);
    expect(await page.locator('.grid-row').count()).toBeLessThan(100);
    await page.getByRole('button', { name: 'Filter' }).click();
    await consolePage.fill('Condition', 'name ^= "Number 499" and version = 1');
    await page.getByTestId('count').filter({ hasText: /^111$/ }).waitFor();
  });

  it('makes the fields and the differences alone that are seen of an atome with as many keys', async () => {
    const { page } = consolePage;
    const data = Object.fromEntries(Array.from({ length: MANY }, (_, at) => [`key-${at}`, at]));
    const { id } = await large.api.create(data, { kind: 'wide' });
    await consolePage.goTo(`atomes/${String(id)}`);
    await consolePage.fill('key-7', '70');
    await page.getByRole('button', { name: 'Save' }).waitFor();
    expect(await elements()).toBeLessThan(5_000);
    const changes = Object.fromEntries(Object.keys(data).map((key) => [key, 'theirs']));
    await large.api.post(`/api/atome/${String(id)}/alter`, { operation: 'update', changes });
    await page.getByText(/You both changed key-7/).waitFor();
    expect(await elements()).toBeLessThan(5_000);
    expect((await page.locator('.notice').textContent())!.length).toBeLessThan(2_000);
    await consolePage.goTo(`history/${String(id)}`);
    await page.locator('.diff .changed').first().waitFor();
    expect(await elements()).toBeLessThan(5_000);
  });

  it('keeps of the stream what has room, and writes no payload before it is opened', async () => {
    const { page } = consolePage;
    await consolePage.goTo('live');
    await page.getByText('connected', { exact: true }).waitFor();
    const text = 'x'.repeat(100_000);
    const atomes = Array.from({ length: 60 }, (_, at) => ({ kind: 'long', data: { name: `Long ${at}`, text } }));
    await large.api.post('/api/atome/batch', { operation: 'create', atomes });
    await page.locator('.told').filter({ hasText: 'Long 59' }).waitFor();
    // a text of a hundred thousand takes two hundred kilobytes
    expect(await page.locator('.told').count()).toBeLessThan(21);
    await page.locator('.told').first().getByRole('button').click();
    await page.locator('.told-body').getByText('Payload').waitFor();
    expect(await page.locator('.told pre').count()).toBe(0);
    await page.locator('.told-body').getByText('Payload').click();
    await page.locator('.told pre').filter({ hasText: '"name": "Long 59"' }).waitFor();
  });
});

/** The id of a new atome. */
async function made(data: Record<string, unknown>): Promise<string> {
  return String((await server.api.create(data)).id);
}

/** What axe finds that is serious or worse. */
async function findings({ page }: ConsolePage, only: axe.RunOptions): Promise<string[]> {
  await page.locator('.loading').waitFor({ state: 'detached' });
  const { violations } = await page.evaluate<axe.AxeResults>(
    `axe.run(${JSON.stringify({ ...only, resultTypes: ['violations'] })})`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary = '' }) => `${id}: ${html} ${failureSummary}`));
}

describe('the console while the server is away', () => {
  it('takes writes, says since when it is away, comes back by its button, and is equal again', async () => {
    const proxy = await FaultProxy.to(server.url);
    const away = await ConsolePage.open(browser, proxy.url);
    const there = one;
    await away.status('Connected');
    proxy.break({ kind: 'refuse' });
    await away.page.getByText(/The server is away since/).waitFor();
    await away.create('Written offline');
    await there.create('Written online');
    await away.page.getByText('1 changes wait here').waitFor();
    proxy.heal();
    await away.press('Try now');
    await away.status('Connected');
    await Promise.all([away.shows('Written online'), there.shows('Written offline')]);
    const countOf = ({ page }: ConsolePage) => page.getByTestId('count').textContent();
    expect(await countOf(away)).toBe(await countOf(there));
    expect(away.errors.filter((error) => !/ERR_|WebSocket/.test(error))).toEqual([]);
    await away.close();
    await proxy.close();
  });
});
