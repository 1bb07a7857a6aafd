import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

describe('the bundle', () => {
  it('is at most 9 kB minified and gzipped', async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('index.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      target: 'es2022',
      minify: true,
      external: ['ws'],
      write: false,
    });
    expect(gzipSync(outputFiles[0]!.contents).length).toBeLessThanOrEqual(9 * 1024);
  });
});
