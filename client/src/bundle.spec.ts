import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** What a page loads that imports these names, in kB of 1,024 bytes, minified and gzipped. */
async function sizeOf(...names: string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${names.join(', ')} } from './index.ts'`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    external: ['ws'],
    write: false,
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1_024;
}

describe('the size of a bundle', () => {
  it('of the client with a store in memory', async () => {
    expect(await sizeOf('createClient', 'memoryStore')).toBeLessThanOrEqual(14);
  });

  it('of the client with a store in IndexedDB, for all tabs', async () => {
    const [memory, durable] = [await sizeOf('createClient'), await sizeOf('createClient', 'indexedDbStore')];
    expect(durable - memory).toBeLessThanOrEqual(3);
    expect(durable).toBeLessThanOrEqual(17);
  });

  it('of the parts of the original client', async () => {
    expect(await sizeOf('SyncWebSocket', 'UnifiedAtome', 'UnifiedSync')).toBeLessThanOrEqual(9);
  });
});
