import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What the pages of a profile find as `sdk`. */
const SDK = `
  export * from './client/src/index.ts';
  export * from './test/support/clients/offline.ts';
  export * as backends from './client/src/dual.ts';
`;
/** Lets a page know whether it leads: the locks of the browser tell who holds them by ids that pages do not know. */
const SPY = `
  const request = LockManager.prototype.request;
  LockManager.prototype.request = function (name, options, run) {
    return request.call(this, name, options, (lock) => ((window.holds = true), run(lock)));
  };
`;

let bundled: Promise<string> | undefined;

function bundle(): Promise<string> {
  bundled ??= build({
    stdin: { contents: SDK, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    format: 'iife',
    globalName: 'sdk',
    target: 'es2022',
    external: ['ws'],
    write: false,
  }).then(({ outputFiles }) => outputFiles[0]!.text);
  return bundled;
}

/** One profile of a browser, with its own storage: its pages are the tabs of one origin, empty but for the SDK. */
export class Profile {
  /** What the scripts of the pages have thrown. */
  readonly errors: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    private readonly origin: string,
  ) {}

  /** @param origin of the server, so that the pages may call it. */
  static async open(browser: Browser, origin = 'http://127.0.0.1:1'): Promise<Profile> {
    const context = await browser.newContext();
    const body = `<!doctype html><title>A tab</title><script>${SPY}${await bundle()}</script>`;
    await context.route(`${origin}/tab`, (route) => route.fulfill({ contentType: 'text/html', body }));
    return new Profile(context, origin);
  }

  async tab(): Promise<Page> {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.errors.push(String(error)));
    await page.goto(`${this.origin}/tab`);
    return page;
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
