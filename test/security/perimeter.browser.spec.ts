import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Browser } from 'playwright-core';
import type { Api } from '../support/clients/api.js';
import { startApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import { startEmbedded } from '../support/embedded.js';

interface Attacked {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly wsUrl: string;
  readonly api: Api;
  close(): Promise<void>;
}

const KINDS: readonly [kind: string, prefix: string, start: () => Promise<Attacked>][] = [
  ['a server with AUTH=off', '/api', () => startApp()],
  ['an embedded module without jwt', '/v1', () => startEmbedded()],
];
/** A name of somebody else, which leads to this machine. */
const REBOUND = 'rebound.example';

describe.each(KINDS)('in a browser, %s', (_kind, prefix, start) => {
  let browser: Browser;
  let elsewhere: Server;
  let server: Attacked;
  /** What the server was asked by the page, and answered. */
  let answers: string[];
  beforeAll(async () => {
    browser = await launchBrowser([`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`]);
    elsewhere = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>hi</p>'));
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    await browser.close();
    elsewhere.close();
  });
  afterEach(() => server.close());

  async function attacked(): Promise<void> {
    server = await start();
    const json = { 'x-client-id': 'c1' };
    const note = { id: 'precious', kind: 'note', data: { text: 'canary' } };
    expect((await server.api.post(`${prefix}/atome/create`, note, json)).status).toBe(201);
    answers = [];
    const http: Server = server.app.getHttpServer();
    http.on('request', ({ method, url }: IncomingMessage, response: ServerResponse) => {
      response.once('finish', () => answers.push(`${method} ${url?.split('?', 1)[0]} ${response.statusCode}`));
    });
  }

  /** All was refused, and nothing has changed. */
  async function expectNothingDone(least: number): Promise<void> {
    expect(answers.length).toBeGreaterThanOrEqual(least);
    // a preflight that is not allowed may be answered as the application likes
    expect(answers.filter((answer) => !answer.startsWith('OPTIONS ') && !answer.endsWith(' 403'))).toEqual([]);
    const { body } = await server.api.get(`${prefix}/server-info`);
    expect(body.seq).toBe(1);
    expect((await server.api.get(`${prefix}/atome/precious`)).status).toBe(200);
  }

  it.each(['localhost', '127.0.0.1', REBOUND])(
    'is neither read nor written by a page of http://%s elsewhere',
    async (host) => {
      await attacked();
      const page = await browser.newPage();
      await page.goto(`http://${host}:${(elsewhere.address() as AddressInfo).port}/`);
      const heard = await page.evaluate(
        async ([api, wsUrl]) => {
          const erase = `${api}/atome/precious/erase`;
          const opaque = (url: string, init: RequestInit = {}): Promise<unknown> =>
            fetch(url, { mode: 'no-cors', credentials: 'include', ...init }).catch(() => undefined);
          const read = (url: string): Promise<string> =>
            fetch(url).then(
              (answer) => answer.text(),
              () => 'refused',
            );
          const event = (target: EventTarget, good: string): Promise<string> =>
            new Promise((resolve) => {
              target.addEventListener(good, () => resolve(good));
              target.addEventListener('error', () => resolve('refused'));
            });
          const loaded = (tag: 'img' | 'script', url: string): Promise<string> => {
            const element = Object.assign(document.createElement(tag), { src: url });
            document.body.append(element);
            return event(element, 'load');
          };
          const submitted = (enctype: string): Promise<string> => {
            const frame = Object.assign(document.createElement('iframe'), { name: `to-${enctype}` });
            const form = Object.assign(document.createElement('form'), {
              action: erase,
              method: 'POST',
              enctype,
              target: frame.name,
            });
            document.body.append(frame, form);
            form.submit();
            return event(frame, 'load');
          };
          await opaque(erase, { method: 'POST' });
          await opaque(erase, { method: 'POST', body: '{}', referrerPolicy: 'no-referrer' });
          await opaque(`${api}/atome/list?search=c`);
          await opaque(`${api}/user-data/export`, { method: 'HEAD' });
          navigator.sendBeacon(erase);
          navigator.sendBeacon(erase, new Blob(['{}'], { type: 'application/x-www-form-urlencoded' }));
          await Promise.all(['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded'].map(submitted));
          return Promise.all([
            read(`${api}/atome/precious`),
            fetch(`${api}/atome/precious`, { method: 'DELETE' }).then(
              () => 'done',
              () => 'refused',
            ),
            loaded('img', `${api}/atome/precious`),
            loaded('script', `${api}/sync/snapshot`),
            event(new EventSource(`${api}/sync/changes?since=0`), 'open'),
            event(new WebSocket(wsUrl!), 'open'),
          ]);
        },
        [server.url + prefix, server.wsUrl],
      );
      expect(heard).toEqual(Array.from({ length: 6 }, () => 'refused'));
      await page.close();
      await expectNothingDone(10);
    },
  );

  it('is neither read nor written by a page that was led to it under a name of its own (DNS rebinding)', async () => {
    await attacked();
    // the policy of what the server shows forbids it already
    const page = await browser.newPage({ bypassCSP: true });
    const { port } = new URL(server.url);
    // what it shows is of that origin, whatever it is
    await page.goto(`http://${REBOUND}:${port}${prefix}/server-info`);
    const heard = await page.evaluate(
      async ([path, wsPath]) => {
        const json = { 'content-type': 'application/json' };
        const call = (method: string, to: string): Promise<number> =>
          fetch(`${path}${to}`, { method, headers: json, ...(method === 'POST' && { body: '{}' }) }).then(
            ({ status }) => status,
          );
        const ws = new WebSocket(`ws://${location.host}${wsPath}`);
        const opened = new Promise<string>((resolve) => {
          ws.onopen = () => resolve('open');
          ws.onerror = () => resolve('refused');
        });
        return [
          await call('GET', '/atome/list'),
          await call('POST', '/atome/precious/erase'),
          await call('DELETE', '/atome/precious'),
          await opened,
        ];
      },
      [prefix, new URL(server.wsUrl).pathname],
    );
    expect(heard).toEqual([403, 403, 403, 'refused']);
    await page.close();
    answers = answers.filter((answer) => !answer.includes('/favicon.ico'));
    await expectNothingDone(4);
  });
});
