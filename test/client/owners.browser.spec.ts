import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type * as sdk from '../../client/src/index.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import { Profile } from '../support/server/profile.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

interface InPage {
  readonly sdk: typeof sdk;
  client: sdk.Client;
}
declare const window: InPage;

const of = (name: string): string => tokenOf('writer', { sub: name });
const LIMIT = 120_000;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe('two users of one browser profile, in Chromium', () => {
  let server: TestApp;
  let proxy: TcpProxy;
  let profile: Profile;
  let url: string;
  beforeEach(async () => {
    server = await startApp(WITH_TOKENS);
    proxy = await TcpProxy.to(Number(new URL(server.url).port));
    url = `http://127.0.0.1:${proxy.port}`;
    profile = await Profile.open(browser, url);
  });
  afterEach(async () => {
    await profile.close();
    await proxy.cut().catch(() => undefined);
    await server.close();
    expect(profile.errors).toEqual([]);
  });

  /** A tab of somebody, as the README shows it: with no name for its store. */
  async function tab(name: string): Promise<Page> {
    const page = await profile.tab();
    await page.evaluate(
      ([address, token]) => {
        const { createClient, indexedDbStore } = window.sdk;
        const reconnect = { firstMs: 5, maxMs: 40 };
        window.client = createClient({ url: address, token, store: indexedDbStore(), reconnect });
      },
      [url, of(name)] as const,
    );
    return page;
  }

  const create = (page: Page, id: string): Promise<unknown> =>
    page.evaluate((id) => window.client.create({ id, kind: 'note', data: {}, access: 'private' }), id);
  const shown = (page: Page): Promise<[string, string][]> =>
    page.evaluate(async () => (await window.client.list()).map(({ id, ownerId }) => [id, ownerId]));
  const close = async (page: Page): Promise<void> => {
    await page.evaluate(() => window.client.close());
    await page.close();
  };
  const flush = (page: Page): Promise<void> =>
    page.evaluate(async () => {
      await window.client.ready();
      await window.client.flush();
    });

  it(
    'sees nothing of an unsent private note of the one before, sends nothing of it, and it is there for its owner',
    async () => {
      await proxy.cut();
      const alice = await tab('alice');
      await create(alice, 'of-alice');
      await close(alice);
      const offline = await tab('bob');
      expect(await shown(offline)).toEqual([]);
      await close(offline);
      await proxy.restore();
      const bob = await tab('bob');
      await create(bob, 'of-bob');
      await flush(bob);
      expect(await shown(bob)).toEqual([['of-bob', 'bob']]);
      await close(bob);
      const again = await tab('alice');
      await flush(again);
      expect(await shown(again)).toEqual([['of-alice', 'alice']]);
    },
    LIMIT,
  );

  it(
    'has a connection and a store for each, also when both begin at once',
    async () => {
      const [alice, bob] = await Promise.all([tab('alice'), tab('bob')]);
      await Promise.all([create(alice, 'of-alice'), create(bob, 'of-bob')]);
      await Promise.all([flush(alice), flush(bob)]);
      expect(await shown(alice)).toEqual([['of-alice', 'alice']]);
      expect(await shown(bob)).toEqual([['of-bob', 'bob']]);
      expect(await Promise.all([alice, bob].map((page) => page.evaluate(() => window.client.status().state)))).toEqual([
        'live',
        'live',
      ]);
    },
    LIMIT,
  );

  it(
    'gives what nobody has claimed to one of them alone, when both have read it while they were offline',
    async () => {
      const before = await profile.tab();
      await before.evaluate(async () => {
        const store = window.sdk.indexedDbStore();
        await store.open();
        const opId = '01900000-0000-7000-8000-000000000000';
        await store.commit([{ append: [{ opId, operation: 'create', atomeId: 'left', kind: 'note', data: {} }] }]);
        await store.close();
      });
      await before.close();
      await proxy.cut();
      const users = await Promise.all([tab('alice'), tab('bob')]);
      // who has read it tries to connect, to be told who they are
      const offline = (page: Page): Promise<unknown> =>
        page.evaluate(
          () => new Promise((resolve) => window.client.on('sync:error', ({ error }) => resolve(error.message))),
        );
      await Promise.all(users.map(offline));
      await proxy.restore();
      await Promise.all(users.map(flush));
      const rejected = await Promise.all(
        users.map((page) => page.evaluate(async () => (await window.client.rejected()).length)),
      );
      expect(rejected).toEqual([0, 0]);
      const names = await Promise.all(
        users.map((page) =>
          page.evaluate(async () => {
            const all = await indexedDB.databases();
            return all.map(({ name }) => name).filter((name) => name!.startsWith('atome-sync')).length;
          }),
        ),
      );
      expect(names).toEqual([2, 2]);
    },
    LIMIT,
  );
});
