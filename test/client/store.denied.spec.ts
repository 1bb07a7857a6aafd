import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type * as indexeddb from '../../client/src/storage/indexeddb/indexeddb-store.js';
import { indexedDbStore } from '../../client/src/storage/indexeddb/indexeddb-store.js';
import { createClient } from '../../client/src/index.js';
import { sqliteStore, tauriStore } from '../../client/src/sqlite.js';
import type { Format } from '../../client/src/storage/store.js';
import { launchBrowser } from '../support/browser/browser.js';
import { withIndexedDb } from '../support/browser/indexed-db.js';
import { Profile } from '../support/server/profile.js';
import { TauriSqlDouble } from '../support/clients/tauri-sql.js';
import { atome, write } from './store.suite.js';

withIndexedDb();

const NO_WIRE = { send: () => undefined, close: () => undefined };

const refused = (code: string, message: RegExp): object =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('IndexedDB that may not be used', () => {
  afterEach(() => void jest.restoreAllMocks());

  it.each(['SecurityError', 'InvalidStateError'])('says so on %s', async (name) => {
    jest.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('denied', name);
    });
    const store = indexedDbStore({ name: randomUUID() });
    await expect(store.open()).rejects.toEqual(refused('storage', /does not let this page keep data/));
    await expect(store.commit([{}])).rejects.toEqual(refused('storage', /not open/));
    await store.close();
  });

  it('says so where there is none', async () => {
    const there = globalThis.indexedDB;
    Reflect.deleteProperty(globalThis, 'indexedDB');
    try {
      await expect(indexedDbStore().open()).rejects.toEqual(refused('storage', /does not let this page keep data/));
    } finally {
      globalThis.indexedDB = there;
    }
  });

  it.each<[what: string, silence: () => void]>([
    ['an opening', () => void jest.spyOn(indexedDB, 'open').mockReturnValue({} as never)],
    [
      'neither a list nor an opening',
      () => {
        jest.spyOn(indexedDB, 'databases').mockReturnValue(new Promise(() => undefined));
        jest.spyOn(indexedDB, 'open').mockReturnValue({} as never);
      },
    ],
  ])('waits five seconds for %s that the browser never answers, and goes on in memory', async (_what, silence) => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    silence();
    const client = createClient({ store: indexedDbStore({ name: randomUUID() }), dial: () => NO_WIRE });
    const told = new Promise<Error>((resolve) => client.on('sync:error', ({ error }) => resolve(error)));
    const written = client.create({ id: 'a', kind: 'note', data: {} });
    await jest.advanceTimersByTimeAsync(10_000);
    jest.useRealTimers();
    expect(await told).toEqual(refused('storage', /does not open the local store/));
    await written;
    expect((await client.list()).map(({ id }) => id)).toEqual(['a']);
    await client.close();
  });

  it('opens where only the list of databases never comes', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    jest.spyOn(indexedDB, 'databases').mockReturnValue(new Promise(() => undefined));
    const store = indexedDbStore({ name: randomUUID() });
    const opened = store.open();
    await jest.advanceTimersByTimeAsync(5_000);
    jest.useRealTimers();
    expect(await opened).toMatchObject({ outbox: [] });
    await store.close();
  });

  it('does without what only a secure page has', async () => {
    jest.spyOn(crypto, 'randomUUID').mockImplementation(() => {
      throw new TypeError('crypto.randomUUID is not a function');
    });
    const store = indexedDbStore({ name: 'over plain http' });
    expect(await store.open()).toMatchObject({ outbox: [] });
    await store.close();
  });

  it('sets nothing aside for want of space', async () => {
    const name = randomUUID();
    const open = jest.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(indexedDbStore({ name }).open()).rejects.toEqual(refused('storage', /no space/));
    expect(open).toHaveBeenCalledTimes(1);
  });
});

describe('Chromium without space', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('refuses a whole commit, and keeps what was there', async () => {
    const origin = 'http://127.0.0.1:1';
    const profile = await Profile.open(browser, origin);
    const page = await profile.tab();
    const devtools = await profile.context.newCDPSession(page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 });
    const outcome = await page.evaluate(async () => {
      const store = (window as unknown as { sdk: typeof indexeddb }).sdk.indexedDbStore();
      await store.open();
      const text = Array.from({ length: 100_000 }, () => Math.random().toString(36)).join('');
      const put = [{ id: 'big', kind: 'note', data: { text: text.repeat(10) } } as never];
      await store.commit([{ append: [{ opId: '1', operation: 'delete', atomeId: 'a' }] }]);
      const error = await store.commit([{ put, settle: ['1'] }]).catch((thrown: unknown) => thrown);
      await store.close();
      const { outbox } = await store.open();
      return { ...(error as { code: string }), message: String(error), left: outbox.length };
    });
    await profile.close();
    expect(outcome).toMatchObject({ code: 'storage', message: expect.stringMatching(/no space/), left: 1 });
  });
});

describe('SQLite that may not be used', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'atome-denied-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('says why, and sets nothing aside', async () => {
    const store = sqliteStore({ path: join(folder, 'there-is', 'no-such-folder.db') });
    await expect(store.open()).rejects.toEqual(refused('storage', /directory does not exist/));
    await expect(store.commit([{}])).rejects.toEqual(refused('storage', /not open/));
  });

  it('gives way to a newer version, and changes nothing any more', async () => {
    const open = (format?: Format): ReturnType<typeof tauriStore> => tauriStore(new TauriSqlDouble(folder), {}, format);
    const [old, young] = [open(), open({ version: 2, migrations: [{}] })];
    await old.open();
    await old.commit([{ append: [write('1')] }]);
    expect(await young.open()).toMatchObject({ outbox: [write('1')] });
    const late = old.commit([{ settle: ['1'], put: [atome('a')] }]);
    await expect(late).rejects.toEqual(refused('outdated', /newer version/));
    expect(await young.select!({ sort: '-updatedAt', limit: 1 })).toEqual([]);
    await Promise.all([old.close(), young.close()]);
  });

  it('is given each commit as one statement, whatever is in it', async () => {
    const sql = new TauriSqlDouble(folder);
    const store = tauriStore(sql, { path: 'sqlite:counted.db' });
    await store.open();
    sql.statements.length = 0;
    await store.commit([
      { put: [atome('a'), atome('b')], append: [write('1')] },
      { settle: ['1'], remove: ['a'] },
    ]);
    expect(sql.statements).toEqual([expect.stringMatching(/^INSERT INTO/)]);
    expect(await store.select!({ sort: '-updatedAt', limit: 9 })).toEqual([atome('b')]);
    await store.close();
  });
});
