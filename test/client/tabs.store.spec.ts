import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type * as indexeddb from '../../client/src/storage/indexeddb/indexeddb-store.js';
import type { Changes, Store } from '../../client/src/storage/store.js';
import type { AtomeEvent } from '../../src/protocol/index.js';
import { launchBrowser } from '../support/browser/browser.js';
import { Profile } from '../support/server/profile.js';
import { upTo } from '../support/feed/order.js';
import { atome, write } from './store.suite.js';

/** What the functions that run in a page have there. */
interface InPage {
  readonly sdk: typeof indexeddb;
  store: Store;
  /** What `observe` told, one list for each call. */
  heard: Changes[][];
  told: unknown[];
  leads: boolean;
}
declare const window: InPage;

const event = (seq: number): AtomeEvent => ({
  type: 'atome:left',
  atomeId: `n${seq}`,
  reason: 'filter',
  seq,
});

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe('tabs on one store', () => {
  let profile: Profile;
  let name: string;
  beforeEach(async () => {
    profile = await Profile.open(browser);
    name = randomUUID();
  });
  afterEach(async () => {
    await profile.close();
    expect(profile.errors).toEqual([]);
  });

  async function open(observes = true): Promise<Page> {
    const page = await profile.tab();
    await page.evaluate(
      async ({ name, observes }) => {
        window.heard = [];
        window.told = [];
        window.leads = false;
        window.store = window.sdk.indexedDbStore({ name });
        await window.store.open();
        if (observes) window.store.observe!((changes) => window.heard.push([...changes]));
        window.store.tabs!.hear((message) => window.told.push(message));
      },
      { name, observes },
    );
    return page;
  }

  const commit = (page: Page, ...changes: Changes[]): Promise<void> =>
    page.evaluate((given) => window.store.commit(JSON.parse(given) as Changes[]), JSON.stringify(changes));
  const heard = (page: Page): Promise<Changes[]> => page.evaluate(() => window.heard.flat());
  const seqs = (changes: readonly Changes[]): number[] =>
    changes.flatMap(({ events }) => (events ?? []).map(({ seq }) => seq));
  const lead = (page: Page): Promise<void> =>
    page.evaluate(() => void window.store.tabs!.lead(() => (window.leads = true)));
  const leads = (page: Page): Promise<unknown> => page.waitForFunction(() => window.leads);
  const heardAll = (page: Page, count: number): Promise<unknown> =>
    page.waitForFunction((wanted) => window.heard.flat().flatMap(({ events }) => events ?? []).length >= wanted, count);

  it('tells each commit to the others, once and in order, and not to itself', async () => {
    const [one, two, three] = await Promise.all([open(), open(), open()]);
    for (const seq of upTo(30)) {
      await commit([one, two][seq % 2]!, { append: [write(`w${seq}`)], events: [event(seq)] });
    }
    await Promise.all([heardAll(one, 15), heardAll(two, 15), heardAll(three, 30)]);
    expect(seqs(await heard(one))).toEqual(upTo(30).filter((seq) => seq % 2 === 1));
    expect(seqs(await heard(two))).toEqual(upTo(30).filter((seq) => seq % 2 === 0));
    expect(seqs(await heard(three))).toEqual(upTo(30));
    expect((await heard(three))[6]!.append).toEqual([write('w7')]);
  });

  it('tells what nobody listened for yet', async () => {
    const [one, two] = await Promise.all([open(), open(false)]);
    await commit(one, { events: [event(1)] });
    await two.evaluate(() => window.store.observe!((changes) => window.heard.push([...changes])));
    await heardAll(two, 1);
    expect(seqs(await heard(two))).toEqual([1]);
  });

  it('leads a tab that slept too long to the state as it is', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    await commit(two, { append: [write('old')], put: [atome('gone')] });
    const sleeper = await open(false);
    await one.evaluate(async (last) => {
      const { store } = window;
      await store.commit([{ settle: ['old'], remove: ['gone'] }]);
      for (let i = 0; i < last; i += 1) {
        const put = [{ id: `n${i}`, kind: 'note', updatedAt: String(i) } as never];
        await store.commit([{ put, append: [{ opId: `w${i}`, operation: 'update', atomeId: 'a' }] }]);
      }
    }, 700);
    await sleeper.evaluate(() => window.store.observe!((changes) => window.heard.push([...changes])));
    await sleeper.waitForFunction(() => window.heard.length > 0);
    const [change, ...more] = await heard(sleeper);
    expect(more).toEqual([]);
    expect(change).toMatchObject({ clear: true, settle: ['old'], dismiss: ['old'] });
    expect([change!.put!.length, change!.append!.length]).toEqual([700, 700]);
  });

  it('tells of a snapshot that another tab has taken', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    await commit(one, { put: [atome('a')], append: [write('1')] });
    await commit(one, { clear: true, put: [atome('b')] });
    await two.waitForFunction(() => window.heard.flat().some(({ clear }) => clear));
    const last = (await heard(two)).at(-1)!;
    expect(last).toMatchObject({ clear: true, put: [atome('b')], append: [write('1')] });
  });

  it('lets one lead at a time, and the next at its end, with all that was committed', async () => {
    const tabs = [await open(), await open(), await open()];
    await lead(tabs[0]!);
    await leads(tabs[0]!);
    await Promise.all(tabs.slice(1).map(lead));
    expect(await Promise.all(tabs.map((tab) => tab.evaluate(() => window.leads)))).toEqual([true, false, false]);

    // it dies before it can say that there is something new
    await tabs[0]!.evaluate(() => (BroadcastChannel.prototype.postMessage = () => undefined));
    await commit(tabs[0]!, { events: [event(1)] });
    await tabs[0]!.close();
    const next = await Promise.race(tabs.slice(1).map(async (tab) => leads(tab).then(() => tab)));
    expect(seqs(await heard(next))).toEqual([1]);
    const other = tabs.slice(1).find((tab) => tab !== next)!;
    await heardAll(other, 1);
    expect(await other.evaluate(() => window.leads)).toBe(false);
    await next.evaluate(() => window.store.close());
    await leads(other);
  });

  it('gives up leading, and waiting for it', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const asked = await one.evaluateHandle(() => window.store.tabs!.lead(() => (window.leads = true)));
    await leads(one);
    await two.evaluate(() => window.store.tabs!.lead(() => (window.leads = true))());
    await asked.evaluate((stop) => stop());
    await lead(one);
    await one.waitForFunction(() => navigator.locks.query().then(({ held }) => held!.length === 1));
    expect(await two.evaluate(() => window.leads)).toBe(false);
  });

  it('carries messages to the others that are there', async () => {
    const [one, two, three] = await Promise.all([open(), open(), open()]);
    await one.evaluate(() => window.store.tabs!.tell({ status: 'live' }));
    await Promise.all([two, three].map((tab) => tab.waitForFunction(() => window.told.length > 0)));
    expect(await Promise.all([one, two].map((tab) => tab.evaluate(() => window.told)))).toEqual([
      [],
      [{ status: 'live' }],
    ]);
  });

  it('takes nothing of a tab that another one has overtaken while it slept, but its own writes', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const place = (seq: number) => ({
      ...{ cursor: { epoch: 'e', seq }, subscription: '{}', skewMs: null, stamp: null },
    });
    await commit(one, { put: [atome('a')], place: place(1) });
    await two.waitForFunction(() => window.heard.length > 0);
    // of this one, it hears nothing
    await two.evaluate(() => (BroadcastChannel.prototype.postMessage = () => undefined));
    await commit(two, { put: [{ ...atome('a'), version: 9 }], place: place(9) });
    await commit(one, { put: [{ ...atome('a'), version: 2 }], place: place(2) }, { append: [write('own')] });
    await one.waitForFunction(() => window.heard.flat().some(({ clear }) => clear));
    const told = (await heard(one)).find(({ clear }) => clear)!;
    expect(told).toMatchObject({ put: [{ id: 'a', version: 9 }], place: place(9), append: [write('own')] });
    await two.waitForFunction(() => window.heard.flat().some(({ append }) => append));
    expect((await heard(two)).flatMap(({ put = [] }) => put)).toMatchObject([{ version: 1 }]);
  });

  it('gives way to a newer version in another tab, and says so', async () => {
    const old = await open();
    await lead(old);
    await commit(old, { append: [write('1')] });
    const young = await profile.tab();
    const outbox = await young.evaluate(async (name) => {
      const newer = { version: 2, migrations: [{ outbox: (each: object) => ({ ...each, reason: 'migrated' }) }] };
      window.store = (window.sdk.indexedDbStore as (...args: unknown[]) => Store)({ name }, newer);
      const contents = await window.store.open();
      window.store.tabs!.lead(() => (window.leads = true));
      return contents.outbox;
    }, name);
    expect(outbox).toEqual([{ ...write('1'), reason: 'migrated' }]);
    await leads(young);
    const code = await old.evaluate(() =>
      window.store.commit([{}]).catch((error: unknown) => (error as { code: string }).code),
    );
    expect(code).toBe('outdated');
  });

  it('says when the database was deleted', async () => {
    const [one, two] = await Promise.all([open(), profile.tab()]);
    await two.evaluate((name) => new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve)), name);
    const code = await one.evaluate(() =>
      window.store.commit([{}]).catch((error: unknown) => (error as { code: string }).code),
    );
    expect(code).toBe('storage');
  });
});
