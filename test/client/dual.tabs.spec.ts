import { randomInt } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type * as sdk from '../../client/src/index.js';
import type * as backends from '../../client/src/dual.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import type * as offline from '../support/clients/offline.js';
import { stateOf, takenBy } from '../support/clients/offline.js';
import { Profile } from '../support/server/profile.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

const ROUNDS = 6;
/** Writes of each tab in each round. */
const WRITES = 40;

/** What the functions that run in the page have there. */
interface InPage {
  readonly sdk: typeof sdk & typeof offline & { readonly backends: typeof backends };
  client: backends.Backends;
}
declare const window: InPage;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe('a client of two servers in several tabs', () => {
  let local: TestApp;
  let cloud: TestApp;
  let wire: TcpProxy;
  let profile: Profile;
  beforeEach(async () => {
    local = await startApp();
    cloud = await startApp({ ALLOWED_ORIGINS: local.url });
    wire = await TcpProxy.to(Number(new URL(cloud.url).port));
    for (const { api } of [local, cloud]) await api.post('/api/atome/create', { id: 'shared', kind: 'note', data: {} });
    profile = await Profile.open(browser, local.url);
    // its page does not come over the network, so that the browser takes the cloud for a foreign network
    await profile.context.grantPermissions(['local-network-access']);
  });
  afterEach(async () => {
    await profile.close();
    await wire.cut().catch(() => undefined);
    await Promise.all([local.close(), cloud.close()]);
    expect(profile.errors).toEqual([]);
  });

  /** A tab, and the opIds of the writes that it was promised to keep. */
  async function open(): Promise<{ readonly page: Page; readonly kept: string[] }> {
    const page = await profile.tab();
    const kept: string[] = [];
    page.on('console', (message) => {
      const opId = /^kept (.*)/.exec(message.text())?.[1];
      if (opId !== undefined) kept.push(opId);
    });
    await page.evaluate(
      (urls) => {
        const { backends, indexedDbStore, AT_ONCE } = window.sdk;
        const [local, cloud] = urls.map((url, i) => ({
          url,
          store: indexedDbStore({ name: `server ${i}` }),
          reconnect: AT_ONCE,
        }));
        window.client = backends.createBackends({ local: local!, cloud: cloud! });
      },
      [local.url, `http://127.0.0.1:${wire.port}`],
    );
    return { page, kept };
  }

  /** Makes writes in a tab, each of which changes something; ends early in one that is closed. */
  const write = (page: Page, name: string): Promise<void> =>
    page
      .evaluate(
        async ([name, count]) => {
          const { UnifiedAtome } = window.client;
          for (let n = 0; n < count; n += 1) {
            const id = `${name}.${n - (n % 4)}`;
            const written = await [
              () => UnifiedAtome.create({ id, kind: 'note', data: { n } }),
              () => UnifiedAtome.rename(id, `named ${n}`),
              () => UnifiedAtome.update('shared', { [`k${n % 3}`]: `${name} ${n}` }),
              () => (n % 8 === 3 ? UnifiedAtome.delete(id) : UnifiedAtome.update(id, { last: n })),
            ][n % 4]!();
            console.log(`kept ${written.opId}`);
          }
        },
        [name, WRITES] as const,
      )
      .catch(() => undefined);

  it('brings both servers to the same, each write once, while tabs close and the cloud comes and goes', async () => {
    let tabs = [await open(), await open(), await open()];
    const kept: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round === 1) await wire.cut();
      if (round === 4) await wire.restore();
      const [leader, ...others] = tabs;
      const half = leader!.kept.length + 1 + randomInt(WRITES - 5);
      const writing = tabs.map(({ page }, i) => write(page, `r${round}.${i}`));
      while (leader!.kept.length < half) await leader!.page.waitForEvent('console');
      await leader!.page.close();
      kept.push(...leader!.kept);
      await Promise.all(writing);
      tabs = [...others, await open()];
    }
    kept.push(...tabs.flatMap((tab) => tab.kept));
    for (const { page } of tabs) await page.evaluate(() => window.client.flush());

    const taken = await Promise.all(
      [local, cloud].map(async ({ url }) => (await takenBy(url)).flatMap(({ opId }) => opId ?? [])),
    );
    for (const opIds of taken) {
      expect(new Set(opIds).size).toBe(opIds.length);
      expect(opIds).toEqual(expect.arrayContaining(kept));
    }
    expect([...taken[1]!].sort()).toEqual([...taken[0]!].sort());
    expect(await stateOf(cloud)).toEqual(await stateOf(local));
    for (const { page } of tabs) {
      const rejected = await page.evaluate(async () => [
        ...(await window.client.local.rejected()),
        ...(await window.client.cloud.rejected()),
      ]);
      expect(rejected).toEqual([]);
    }
  });
});
