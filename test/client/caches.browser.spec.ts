import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import { freePort } from '../support/server/free-port.js';

const ACME = tokenOf('writer', { tenant: 'acme' });
const BETA = tokenOf('writer', { tenant: 'beta' });
const CONTENT = 'SecretOf';

async function createNotes(api: Api): Promise<void> {
  await api.as(ACME).create({ text: `${CONTENT}Acme` }, { id: 'note-1' });
  await api.as(BETA).create({ text: `${CONTENT}Beta` }, { id: 'note-1' });
}

describe('a browser with a cache', () => {
  let browser: Browser;
  let server: TestApp;
  let port: number;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
    port = await freePort();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startApp({ ...WITH_TOKENS, PORT: String(port) });
    page = await browser.newPage();
    await page.goto(server.url);
  });
  afterEach(async () => {
    await page.close();
    await server.close();
  });

  /** What a script of the page reads: the text of the note, and what came over the network. */
  async function read(token: string, path = '/api/atome/note-1'): Promise<{ text: string; status: number }> {
    const fromNetwork = page.waitForResponse((response) => response.url().endsWith(path));
    const text = await page.evaluate(
      async ([address, bearer]) => (await fetch(address!, { headers: { authorization: `Bearer ${bearer}` } })).text(),
      [path, token],
    );
    return { text, status: (await fromNetwork).status() };
  }

  it('shows each tenant its own atome of one id, also from the cache', async () => {
    await createNotes(server.api);
    for (const [token, own] of [
      [ACME, 'Acme'],
      [BETA, 'Beta'],
      [ACME, 'Acme'],
      [ACME, 'Acme'],
      [BETA, 'Beta'],
    ] as const) {
      expect((await read(token)).text).toContain(CONTENT + own);
    }
  });

  it('shows what is there now after the ledger was replaced by another', async () => {
    await createNotes(server.api);
    expect((await read(ACME)).text).toContain(`${CONTENT}Acme`);
    await server.close();
    server = await startApp({ ...WITH_TOKENS, PORT: String(port) });
    await server.api.as(ACME).create({ text: 'Another' }, { id: 'note-1' });
    expect((await read(ACME)).text).toContain('Another');
  });

  it('keeps no list and no problem', async () => {
    expect((await read(ACME)).status).toBe(404);
    expect((await read(ACME, '/api/atome/list')).text).toContain('"data":[]');
    await createNotes(server.api);
    expect((await read(ACME)).text).toContain(`${CONTENT}Acme`);
    expect((await read(ACME, '/api/atome/list')).text).toContain(`${CONTENT}Acme`);
    expect((await read(BETA, '/api/atome/list')).text).toContain(`${CONTENT}Beta`);
  });
});

const NGINX = '/usr/sbin/nginx';
const hasNginx = existsSync(NGINX);
if (!hasNginx) process.stdout.write(`skipped: a shared cache between client and server; there is no ${NGINX}\n`);

(hasNginx ? describe : describe.skip)('a shared cache between client and server', () => {
  let server: TestApp;
  let folder: string;
  let cached: Api;
  const control = (...args: string[]) =>
    execFileSync(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf'), ...args], { stdio: 'ignore' });
  beforeAll(async () => {
    server = await startApp({ ...WITH_TOKENS });
    folder = mkdtempSync(join(tmpdir(), 'atome-nginx-'));
    const port = await freePort();
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, server.url));
    // it returns when it listens
    control();
    cached = new Api(`http://127.0.0.1:${port}`);
  });
  afterAll(async () => {
    control('-s', 'stop');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    await server.close();
  });

  it('hands nothing of one tenant to another, and nothing that no longer holds', async () => {
    await createNotes(server.api);
    const [acme, beta] = [cached.as(ACME), cached.as(BETA)];
    for (const path of ['/api/atome/note-1', '/api/atome/list', '/api/sync/changes?since=0', '/api/sync/snapshot']) {
      for (const [api, own] of [
        [acme, 'Acme'],
        [beta, 'Beta'],
        [acme, 'Acme'],
      ] as const) {
        const { text, headers } = await api.get(path);
        expect({ path, own: text.includes(CONTENT + own), hit: headers.get('x-cache') === 'HIT' }).toEqual({
          path,
          own: true,
          hit: false,
        });
      }
    }
    expect((await acme.get('/api/sync/changes?since=3')).status).toBe(409);
    await server.api.as(ACME).create({ text: 'Second' }, { id: 'note-2' });
    await server.api.as(ACME).create({ text: 'Third' }, { id: 'note-3' });
    expect((await acme.get('/api/sync/changes?since=0')).text).toContain('Second');
    expect((await acme.get('/api/sync/changes?since=3')).status).toBe(200);
    expect((await acme.get('/api/atome/list')).text).toContain('Second');
  });
});

/** A proxy that would keep everything for a minute, unless it is told not to. */
function configuration(folder: string, port: number, url: string): string {
  return `
user root; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=kept:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${url};
      proxy_cache kept;
      proxy_cache_valid 200 404 409 1m;
      add_header X-Cache $upstream_cache_status always;
    }
  }
}`;
}
