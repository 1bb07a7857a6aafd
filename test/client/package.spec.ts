import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';

const CLIENT = fileURLToPath(new URL('../../client/', import.meta.url));
const { exports } = JSON.parse(readFileSync(`${CLIENT}package.json`, 'utf8')) as {
  exports: Record<string, string | Record<string, string>>;
};

/** What `npm publish` would send. */
function packed(): string[] {
  const answer = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: CLIENT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const found = JSON.parse(answer) as Record<string, { files: { path: string }[] }>;
  return Object.values(found)[0]!.files.map(({ path }) => path);
}

describe('the package of the client', () => {
  it('holds what it exports, and what a reader looks for', () => {
    const files = packed();
    const wanted = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    for (const path of wanted) expect(files).toContain(path.replace('./', ''));
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'examples/socket_test.js']));
    expect(files.filter((path) => /spec|\.ts$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
  });

  it('has one SyncError for all its subpaths', () => {
    const program = `
      import { SyncError } from '@atome-sync/client';
      import { sqliteStore } from '@atome-sync/client/sqlite';
      const error = await sqliteStore({ path: '/no/such/folder/store.db' }).open().catch((thrown) => thrown);
      console.log(error instanceof SyncError, error.code);
    `;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: CLIENT,
      encoding: 'utf8',
    });
    expect(said).toBe('true storage\n');
  });

  it('says that its hooks are for the browser, where components are rendered on a server', () => {
    expect(readFileSync(`${CLIENT}dist/react.js`, 'utf8')).toMatch(/^"use client";/);
  });

  it('leaves what speaks to the server to a second file of whoever bundles it', async () => {
    const { outputFiles } = await build({
      stdin: { contents: `export { createClient } from '@atome-sync/client'`, resolveDir: CLIENT },
      bundle: true,
      splitting: true,
      outdir: 'bundle',
      format: 'esm',
      external: ['ws'],
      write: false,
    });
    const connecting = outputFiles.filter(({ text }) => text.includes('client disconnect'));
    const [first] = outputFiles.filter(({ path }) => path.endsWith('stdin.js'));
    const imported = [...first!.text.matchAll(/from "\.\/(.+)"/g)].map(([, name]) => name);
    expect(connecting).toHaveLength(1);
    expect(imported).not.toContain(connecting[0]!.path.split('/').at(-1));
    expect(connecting).not.toContain(first);
  });

  it.each(['browser', 'neutral'] as const)(
    'leads a bundler for the platform "%s" to no package of Node',
    async (platform) => {
      // `ws` is installed here: whoever finds its name takes it
      const contents = `export { createClient, indexedDbStore, UnifiedSync } from '@atome-sync/client'`;
      const options = {
        stdin: { contents, resolveDir: CLIENT },
        bundle: true,
        splitting: true,
        metafile: true,
      } as const;
      const { metafile } = await build({ ...options, platform, outdir: 'bundle', format: 'esm', write: false });
      expect(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules/ws'))).toEqual([]);
      expect(Object.keys(metafile.inputs).some((path) => path.endsWith('no-ws.js'))).toBe(true);
    },
  );
});
