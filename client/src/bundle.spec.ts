import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type BuildResult } from 'esbuild';
import { MemoryNetwork } from './connection/memory-transport.js';
import type * as sdk from './index.js';
import { FORMAT } from './storage/store.js';

interface Bundle {
  /** Of its files at once, in kB of 1,024 bytes, minified and gzipped. */
  readonly size: number;
  /** Of the file that speaks to the server, alike. */
  readonly second: number;
  /** What is in them. */
  readonly sources: string[];
}

/** A bundle of these names. */
function bundle(...names: string[]): Promise<Bundle> {
  return bundleOf(`export { ${names.join(', ')} } from './index.ts'`);
}

function built(contents: string): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    stdin: {
      contents,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    splitting: true,
    outdir: 'bundle',
    format: 'esm',
    target: 'es2022',
    minify: true,
    metafile: true,
    external: ['ws'],
    // as the pages are made that many load
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
}

async function bundleOf(contents: string): Promise<Bundle> {
  const { outputFiles, metafile } = await built(contents);
  const { outputs } = metafile;
  const loaded = new Set(Object.keys(outputs).filter((path) => path.endsWith('stdin.js')));
  for (const path of loaded) {
    for (const { path: other, kind } of outputs[path]!.imports) {
      if (kind === 'import-statement') loaded.add(other);
    }
  }
  const files = outputFiles.filter(({ path }) => [...loaded].some((name) => path.endsWith(name)));
  const deferred = outputFiles.filter(({ path }) => path.includes('deferred'));
  const sizeOf = (parts: typeof files): number =>
    parts.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0) / 1_024;
  return {
    size: sizeOf(files),
    second: sizeOf(deferred),
    sources: [...loaded].flatMap((path) => Object.keys(outputs[path]!.inputs)),
  };
}

/* What was reached, so that it does not grow unnoticed. */
describe('what a page loads', () => {
  it.each([
    [9.28, ['createClient']],
    [9.5, ['createClient', 'memoryStore']],
    [12.79, ['createClient', 'indexedDbStore']],
    // 0.4 less where what nobody imports makes no files: esbuild parts these from a second one that it drops
    [7.39, ['SyncWebSocket', 'UnifiedAtome', 'UnifiedSync']],
    [5.34, ['UnifiedSync']],
  ])('is at most %d kB for %j', async (most, names) => {
    expect((await bundle(...names)).size).toBeLessThanOrEqual(most);
  });

  // what makes long lists quick is in the first file, for which loops over results and damaged records went into this one
  it('has a second file, that speaks to the server, of at most 7.64 kB', async () => {
    expect((await bundle('createClient', 'indexedDbStore')).second).toBeLessThanOrEqual(7.64);
  });

  it('loads what answers queries without reading all, of at most 1.6 kB, apart', async () => {
    const { outputFiles } = await built(`export { indexedDbStore } from './index.ts'`);
    const file = outputFiles.find(({ path }) => path.includes('answers'))!;
    expect(gzipSync(file.contents, { level: 9 }).length / 1_024).toBeLessThanOrEqual(1.6);
  });

  it.each([
    [1.1, 'validate'],
    [0.5, 'query-state'],
    // with what it shares with the client, which makes the state that a write shows
    [2.55, 'undo'],
  ])('is at most %d kB more for "%s", which makes no client', async (most, name) => {
    expect((await bundleOf(`export * from './${name}.ts'`)).size).toBeLessThanOrEqual(most);
  });

  it('is more with conditions only where they are imported', async () => {
    const client = `export { createClient } from './index.ts';`;
    const [without, made] = [
      await bundle('createClient'),
      await bundleOf(`${client} export { where } from './where.ts'`),
    ];
    expect(made.size - without.size).toBeLessThanOrEqual(2.3);
    expect(without.sources.filter((path) => path.includes('condition'))).toEqual([
      'client/src/offline/condition-waiters.ts',
    ]);
  });

  it('leaves out of the protocol what only a server needs, what a connection does, and JSON Patch until a write has one', async () => {
    const { sources } = await bundle('createClient');
    const protocol = sources.flatMap((path) => /src\/protocol\/(.*)\.ts$/.exec(path)?.[1] ?? []).sort();
    expect(protocol).toEqual(['hlc', 'merge/merge-patch', 'version']);
  });

  it('has of the stores only what it names: no IndexedDB and no tabs where it names none, and no REST call', async () => {
    const folders = (sources: readonly string[]): string[] =>
      sources
        .filter((path) => /client\/src\/(storage|online|dual)\//.test(path))
        .map((path) => path.split('/').at(-1)!);
    const alone = await bundle('createClient');
    expect(folders(alone.sources).sort()).toEqual(['apply-changes.ts', 'no-store.ts']);
    const memory = await bundle('createClient', 'memoryStore');
    expect(folders(memory.sources).sort()).toEqual(['apply-changes.ts', 'memory-store.ts', 'no-store.ts']);
    const browser = await bundle('createClient', 'indexedDbStore');
    expect(folders(browser.sources).sort()).toEqual([
      'adopt-writes.ts',
      'apply-changes.ts',
      'browser-tabs.ts',
      'commit-log.ts',
      'indexeddb-store.ts',
      'no-store.ts',
      'open-database.ts',
      'orders.ts',
      'requests.ts',
      'store.ts',
    ]);
  });

  it('brings records forward without the network, as soon as there is anything to bring forward', async () => {
    const { sources } = await bundle('createClient', 'indexedDbStore');
    const isLoaded = sources.some((path) => path.endsWith('migrate-records.ts'));
    expect(isLoaded).toBe(FORMAT.migrations.length > 0);
  });
});

describe('a page that has two files, and no network for another one', () => {
  const error = { code: 'forbidden', message: 'no', status: 403, retryable: false } as const;
  const operation = { opId: '01900000-0000-7000-8000-000000000000', operation: 'delete', atomeId: 'a' };
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'atome-bundle-'))));
  afterEach(() => rm(folder, { recursive: true }));

  /** A client of the files that are there, with a refused write in its store. */
  async function open(isThere: (name: string) => boolean): Promise<sdk.Client> {
    const { outputFiles, metafile } = await built(`export { createClient, memoryStore } from './index.ts'`);
    const later = Object.values(metafile.outputs).flatMap(({ imports }) =>
      imports.flatMap(({ path, kind }) => (kind === 'dynamic-import' ? [basename(path)] : [])),
    );
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    for (const { path, contents } of outputFiles) {
      const name = basename(path);
      if (!later.includes(name) || isThere(name)) await writeFile(join(folder, name), contents);
    }
    const page = (await import(pathToFileURL(join(folder, 'stdin.js')).href)) as typeof sdk;
    const options = { store: page.memoryStore(), dial: new MemoryNetwork().dial };
    // what is in a store that is nobody's yet would wait for the server
    const first = page.createClient(options);
    await first.list();
    await first.close();
    await options.store.commit([{ reject: [{ operation, error, rejectedAt: '' }] }]);
    return page.createClient(options);
  }

  it('sends a refused write again', async () => {
    const client = await open((name) => name.startsWith('deferred'));
    expect(await client.retry(operation.opId)).toMatchObject({ success: true, id: 'a' });
    expect(client.status()).toMatchObject({ pending: 1, rejected: 0 });
    await client.close();
  });

  it('tells whoever sends one again that the client was closed before the second file has come', async () => {
    const client = await open(() => false);
    const again = client.retry(operation.opId);
    const ended = expect(again).rejects.toMatchObject({ code: 'offline', message: 'the client was closed' });
    expect(await client.rejected()).toHaveLength(1);
    await client.close();
    await ended;
  });
});
