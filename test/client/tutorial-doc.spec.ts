import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser, JSHandle, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.js';
import { freePort } from '../support/server/free-port.js';
import { runProgram, ServerProcess } from '../support/server/process.js';

/* docs/tutorial.md from its beginning to its end: its files and commands as they stand there, but for the ports. */

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const TEXT = readFileSync(path('docs/tutorial.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...TEXT.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, block = '']) => block);
const [HTML, SCRIPT, KINDS] = [blocks('html')[0]!, blocks('js')[0]!, blocks('json')[0]!];
/** The commands that ask a running server. */
const CALLS = blocks('sh').filter((block) => block.startsWith('curl'));
/** How it is started: the settings of each start. */
const STARTS = blocks('sh').flatMap((block) => /^(.*)npx atome-sync serve$/m.exec(block)?.[1] ?? []);

describe('the tutorial', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutorial-'));
  let browser: Browser;
  let pages: Server;
  let server: ServerProcess;
  let address: string;
  let port: number;
  let one: Page;
  let two: Page;

  beforeAll(async () => {
    writeFileSync(join(folder, 'kinds.json'), KINDS);
    port = await freePort();
    const script = SCRIPT.replace('http://127.0.0.1:3001', `http://127.0.0.1:${port}`);
    // what Vite does with it
    const bundle = await build({
      stdin: { contents: script, resolveDir: path('.'), sourcefile: 'main.js' },
      ...{ bundle: true, write: false, format: 'esm', outdir: folder },
    });
    const main = bundle.outputFiles[0]!.text;
    pages = createServer(({ url }, answer) => {
      const [type, body] = url === '/' ? ['html', HTML] : url === '/main.js' ? ['javascript', main] : ['plain', ''];
      answer.writeHead(body === '' ? 404 : 200, { 'content-type': `text/${type}; charset=utf-8` }).end(body);
    }).listen(0, 'localhost');
    await once(pages, 'listening');
    address = `http://localhost:${(pages.address() as { port: number }).port}`;
    browser = await launchBrowser();
    server = await start(STARTS[0]!);
    [one, two] = await Promise.all([visit(), visit()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.kill('SIGTERM');
    pages.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(settings: string): Promise<ServerProcess> {
    const given = Object.fromEntries(
      settings
        .trim()
        .split(' ')
        .map((each) => each.split('=')),
    ) as Record<string, string>;
    return ServerProcess.start({
      ...given,
      ALLOWED_ORIGINS: given.ALLOWED_ORIGINS!.replace('http://localhost:5173', address),
      ...(given.KINDS_FILE && { KINDS_FILE: join(folder, given.KINDS_FILE) }),
      DATABASE_URL: `sqlite:${join(folder, 'data/atome.sqlite')}`,
      PORT: String(port),
    });
  }

  /** In a browser of its own. */
  async function visit(): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(address);
    await status(page, /^live$/);
    return page;
  }

  const status = (page: Page, text: RegExp): Promise<void> =>
    page.getByRole('status').filter({ hasText: text }).waitFor();
  const todo = (page: Page, title: string) => page.getByRole('listitem').filter({ hasText: title });

  async function enter(page: Page, title: string): Promise<void> {
    await page.getByLabel('What is to be done?').fill(title);
    await page.getByRole('button', { name: 'Add' }).click();
  }

  async function add(page: Page, title: string): Promise<void> {
    await enter(page, title);
    await todo(page, title).waitFor();
  }

  /** The texts of all rows from now on, of those too that are gone before a locator looks. */
  const rowsShown = (page: Page): Promise<JSHandle<string[]>> =>
    page.evaluateHandle(() => {
      const texts: string[] = [];
      new MutationObserver(() => {
        texts.push(...[...document.querySelectorAll('li')].map((row) => row.textContent));
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
      return texts;
    });

  async function isTicked(page: Page, title: string): Promise<void> {
    await todo(page, title).getByRole('checkbox', { checked: true }).waitFor();
  }

  async function call(commands: string, id = ''): Promise<string[]> {
    const run = promisify(execFile);
    const lines = commands.replaceAll('\\\n', '').trim().split('\n');
    const answers: string[] = [];
    for (const line of lines) {
      const command = line.replace('http://127.0.0.1:3001', `http://127.0.0.1:${port}`);
      const options = { env: { ...process.env, ID: id } };
      answers.push((await run('bash', ['-c', command.replace('curl', 'curl --fail-with-body -s')], options)).stdout);
    }
    return answers;
  }

  it('shows in one window what is done in the other, and from the terminal', async () => {
    expect(STARTS).toHaveLength(2);
    await add(one, 'Milk');
    await todo(two, 'Milk').getByRole('checkbox').check();
    await isTicked(one, 'Milk');
    await call(CALLS[0]!);
    await Promise.all([one, two].map((page) => todo(page, 'from the terminal').waitFor()));
    await todo(two, 'from the terminal').getByRole('button', { name: 'Delete' }).click();
    await todo(one, 'from the terminal').waitFor({ state: 'detached' });
  });

  it('goes on without a server, and brings everything once', async () => {
    await server.kill('SIGTERM');
    await status(one, /^offline/);
    await add(one, 'Bread');
    await todo(one, 'Bread').getByRole('checkbox').check();
    await status(one, /2 to send/);
    server = await start(STARTS[0]!);
    await todo(two, 'Bread').waitFor();
    await isTicked(two, 'Bread');
    await status(one, /^live$/);
    await one.reload();
    await todo(one, 'Bread').waitFor();
    expect(await one.getByRole('listitem').count()).toBe(2);
  });

  it('takes back what the rules refuse, and says why', async () => {
    await server.kill('SIGTERM');
    server = await start(STARTS[1]!);
    await status(one, /^live$/);
    const shown = await rowsShown(one);
    await enter(one, 'x'.repeat(100));
    await one
      .getByRole('alert')
      .filter({ hasText: /^not taken: .*title/ })
      .waitFor();
    await todo(one, 'xxx').waitFor({ state: 'detached' });
    expect(await shown.jsonValue()).toContainEqual(expect.stringContaining('xxx'));
    await add(one, 'Salt');
    await todo(two, 'Salt').waitFor();
  });

  it('looks back and goes back, and the ledger verifies', async () => {
    const [done] = await call(CALLS[1]!);
    const { data } = JSON.parse(done!) as { data: { id: string; data: { title: string } }[] };
    expect(data.map((each) => each.data.title).sort()).toEqual(['Bread', 'Milk']);
    const [history, first] = await call(CALLS[2]!, data.find((each) => each.data.title === 'Milk')!.id);
    expect(JSON.parse(history!)).toMatchObject({ alterations: [{}, {}] });
    expect(JSON.parse(first!)).toMatchObject({ atome: { version: 1, data: { title: 'Milk', done: false } } });
    await todo(one, 'Milk').getByRole('checkbox', { checked: false }).waitFor();
    expect(await server.kill('SIGTERM')).toBe(0);
    const url = `sqlite:${join(folder, 'data/atome.sqlite')}`;
    expect(await runProgram('cli/atome-sync', ['verify'], { DATABASE_URL: url })).toMatchObject({ code: 0 });
  });
});
