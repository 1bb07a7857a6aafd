import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import chromiumPackage from '@sparticuz/chromium';
import { chromium } from 'playwright-core';
import { CACHE } from './database.js';

/** As the tests start it: no GPU, no sandbox (this may run as root), no network of the browser's own. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-features=LocalNetworkAccessChecks',
];

/**
 * A profile on the disk, which stays when its browser ends.
 * @typedef {object} BrowserProfile
 * @property {() => Promise<import('playwright-core').BrowserContext>} open
 * @property {() => void} drop
 */

/** @returns {Promise<BrowserProfile>} */
export async function browserProfile() {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'profile-'));
  const executablePath = process.env.CHROME_PATH || (await chromiumPackage.executablePath());
  return {
    open: () => chromium.launchPersistentContext(folder, { executablePath, headless: true, args: FLAGS }),
    drop: () => rmSync(folder, { recursive: true, force: true }),
  };
}
