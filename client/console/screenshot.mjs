/* Takes the picture of the README: `node client/console/screenshot.mjs http://127.0.0.1:3001`, of a server that runs, with Chromium at CHROME_PATH. */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const [, , url = 'http://127.0.0.1:3001'] = process.argv;
const browser = await chromium.launch({ executablePath: process.env.CHROME_PATH, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: 'light' });
await page.goto(url);
await page.locator('.grid-row').first().click();
await page.locator('.editor').waitFor();
await page.screenshot({ path: fileURLToPath(new URL('../../docs/console.png', import.meta.url)) });
await browser.close();
