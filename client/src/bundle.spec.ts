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

/* What was reached, so that it does not grow unnoticed. */
describe('the size of a bundle', () => {
  it.each([
    [14.25, ['createClient', 'memoryStore']],
    [17.25, ['createClient', 'indexedDbStore']],
    [9, ['SyncWebSocket', 'UnifiedAtome', 'UnifiedSync']],
  ])('is at most %d kB, of %j', async (most, names) => {
    expect(await sizeOf(...names)).toBeLessThanOrEqual(most);
  });
});
