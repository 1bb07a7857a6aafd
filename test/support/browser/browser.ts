import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** What must not depend on the machine: no GPU, no sandbox (tests may run as root), and no network of the browser's own. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // a page that a test answers itself comes from nowhere, and may not reach a server on this machine
  '--disable-features=LocalNetworkAccessChecks',
];

const NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'chrome'];

/**
 * Starts a headless Chromium: the one that `CHROME_PATH` names, an installed one, else that of `@sparticuz/chromium`.
 * @param flags of this browser alone.
 */
export async function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = process.env.CHROME_PATH || installed() || (await packaged());
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS, ...flags] });
}

function installed(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => works(path));
}

/** The package unpacks its binary into the temporary directory, and takes what lies there for whole. */
async function packaged(): Promise<string> {
  const { default: packed } = await import('@sparticuz/chromium');
  const path = await packed.executablePath();
  if (works(path)) return path;
  rmSync(path, { force: true });
  return packed.executablePath();
}

function works(path: string): boolean {
  return existsSync(path) && spawnSync(path, ['--version', '--no-sandbox']).status === 0;
}
