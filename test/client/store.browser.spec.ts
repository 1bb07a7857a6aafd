import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.js';
import { Profile } from '../support/server/profile.js';
import { remoteStore } from '../support/clients/remote-store.js';
import { storeSuite } from './store.suite.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

storeSuite({
  name: 'IndexedDB of Chromium',
  durable: true,
  make: async () => {
    const profile = await Profile.open(browser);
    const page = await profile.tab();
    const name = randomUUID();
    return {
      open: (format) => remoteStore(page, name, format),
      damage: () =>
        page.evaluate(async (name) => {
          const ended = (request: IDBOpenDBRequest): Promise<IDBDatabase> =>
            new Promise((resolve) => {
              request.onsuccess = () => resolve(request.result);
            });
          await ended(indexedDB.deleteDatabase(name));
          (await ended(indexedDB.open(name, 1))).close();
        }, name),
      drop: () => profile.close(),
    };
  },
});
