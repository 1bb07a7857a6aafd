import { randomInt } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Dialog } from 'playwright-core';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import { ClientTab } from '../support/clients/client-tab.js';
import { upTo } from '../support/feed/order.js';
import { takenBy } from '../support/clients/offline.js';
import { Profile } from '../support/server/profile.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

const WRITES = 1_000;
const RELOADS = 8;
const ROUNDS = 6;
/** Writes of each tab in each round. */
const WRITES_EACH = 40;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe('the offline-first client in Chromium', () => {
  let server: TestApp;
  let proxy: TcpProxy;
  let profile: Profile;
  let url: string;
  beforeEach(async () => {
    server = await startApp();
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

  const open = (): Promise<ClientTab> => ClientTab.open(profile, url);

  /** The one that leads, and the others. */
  async function byRole(tabs: readonly ClientTab[]): Promise<[leader: ClientTab, ...others: ClientTab[]]> {
    const roles = await Promise.all(tabs.map((tab) => tab.leads()));
    expect(roles.filter(Boolean)).toHaveLength(1);
    return [tabs[roles.indexOf(true)]!, ...tabs.filter((_, i) => !roles[i])];
  }

  async function idsOf(): Promise<string[]> {
    const { data } = (await server.api.get('/api/atome/list?limit=500')).body as { data: { id: string }[] };
    return data.map(({ id }) => id);
  }

  const opIdsTaken = async (): Promise<(string | null)[]> => (await takenBy(server.url)).map(({ opId }) => opId);

  it('loses and doubles nothing of 1,000 offline writes when the page is loaded again and again', async () => {
    await proxy.cut();
    const tab = await ClientTab.open(profile, url);
    for (let load = 0; load < RELOADS; load += 1) {
      tab.write(WRITES / RELOADS, await tab.pending());
      await tab.keeps(tab.kept.length + 1 + randomInt(WRITES / RELOADS - 5));
      await tab.page.reload();
      await tab.start(url);
    }
    const kept = await tab.pending();
    tab.write(WRITES - kept, kept);
    await tab.written();
    const before = await tab.shown();
    await tab.page.reload();
    await tab.start(url);

    await proxy.restore();
    for (let load = 0; load < RELOADS; load += 1) {
      await tab.pending();
      await tab.page.reload();
      await tab.start(url);
    }
    expect(await tab.flushed()).toEqual(before);
    expect(await tab.rejected()).toEqual([]);
    const opIds = await opIdsTaken();
    expect(opIds).toHaveLength(WRITES);
    expect(new Set(opIds).size).toBe(WRITES);
    expect(opIds).toEqual([...opIds].sort());
    expect(opIds).toEqual(expect.arrayContaining(tab.kept));
  });

  it('goes on in the other tabs while the leading one is in a dialogue, and in that one after it', async () => {
    const tabs = [await open(), await open()];
    await Promise.all(tabs.map((tab) => tab.flushed()));
    const [leader, other] = await byRole(tabs);
    const dialogue = new Promise<Dialog>((resolve) => leader.page.once('dialog', resolve));
    await leader.page.evaluate(() => void setTimeout(() => alert('Are you still there?')));
    const shown = await dialogue;
    other!.write(20, 0);
    await other!.written();
    // it takes over, and what it has written arrives
    const before = await other!.flushed();
    expect(await opIdsTaken()).toEqual(other!.kept);
    await shown.dismiss();
    await leader.waitFor(20);
    expect(await leader.shown()).toEqual(before);
    leader.write(20, 20);
    await leader.written();
    const after = await leader.flushed();
    await other!.waitFor(40);
    expect(await other!.shown()).toEqual(after);
    const opIds = await opIdsTaken();
    expect(opIds).toEqual([...other!.kept, ...leader.kept]);
  });

  it('makes a database that was deleted again in each tab, with what there is, and says so', async () => {
    const tabs = [await open(), await open()];
    tabs[0]!.write(10, 0);
    await tabs[0]!.written();
    const before = await tabs[0]!.flushed();
    await tabs[1]!.waitFor(10);
    const failing = tabs.map((tab) => tab.storage('failing'));
    const third = await profile.tab();
    await third.evaluate(() => new Promise((resolve) => (indexedDB.deleteDatabase('atome-sync').onsuccess = resolve)));
    await Promise.all(failing);
    await Promise.all(tabs.map((tab) => tab.storage('durable')));
    await proxy.cut();
    for (const tab of tabs) {
      await tab.page.reload();
      await tab.start(url);
      expect(await tab.shown()).toEqual(before);
    }
  });

  it('needs nothing that browsers of its baseline lack', async () => {
    const page = await profile.tab();
    await page.evaluate(() => {
      Reflect.deleteProperty(AbortSignal, 'any');
      Reflect.deleteProperty(URL, 'canParse');
      Reflect.deleteProperty(crypto, 'randomUUID');
      Reflect.deleteProperty(globalThis, 'structuredClone');
      Reflect.deleteProperty(Promise, 'withResolvers');
    });
    const tab = await ClientTab.on(page, url);
    tab.write(10, 0);
    await tab.written();
    await tab.flushed();
    expect(await tab.leads()).toBe(true);
  });

  it('loses and doubles nothing in three tabs of which the leading one is closed again and again', async () => {
    let tabs = [await open(), await open(), await open()];
    const kept: string[] = [];
    let made = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const wanted = tabs.map((tab) => tab.kept.length + 1 + randomInt(WRITES_EACH - 10));
      for (const tab of tabs) {
        tab.write(WRITES_EACH, made);
        made += WRITES_EACH;
      }
      await Promise.all(tabs.map((tab, i) => tab.keeps(wanted[i]!)));
      const [leader, ...others] = await byRole(tabs);
      await leader.page.close();
      kept.push(...leader.kept);
      tabs = [...others, await open()];
      await Promise.race(others.map((tab) => tab.led()));
      // what they still have to write of this round
      await Promise.all(others.map((tab) => tab.written()));
    }
    for (const tab of tabs) {
      tab.write(10, made);
      made += 10;
      await tab.written();
    }
    kept.push(...tabs.flatMap((tab) => tab.kept));
    await Promise.all(tabs.map((tab) => tab.flushed()));

    const taken = await takenBy(server.url);
    const opIds = taken.map(({ opId }) => opId!);
    expect(new Set(opIds).size).toBe(opIds.length);
    expect(opIds).toEqual(expect.arrayContaining(kept));
    const head = taken.at(-1)!.seq;
    const [one, ...rest] = await Promise.all(tabs.map((tab) => tab.waitFor(head).then(() => tab.shown())));
    for (const other of rest) expect(other).toEqual(one);
    expect(Object.keys(one!).sort()).toEqual((await idsOf()).sort());
    for (const tab of tabs) {
      const seqs = await tab.heard();
      const own = new Set(taken.filter(({ opId }) => tab.kept.includes(opId!)).map(({ seq }) => seq));
      expect(seqs.length).toBeGreaterThan(0);
      expect(seqs).toEqual(upTo(head).filter((seq) => seq >= seqs[0]! && !own.has(seq)));
    }
  });
});
