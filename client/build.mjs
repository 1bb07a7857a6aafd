/* Builds dist/: index.js for bundlers and Node, client.js for a plain <script type="module">, and the types. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** What both files share; `ws` stays outside, because only Node before 22 needs it. */
const shared = {
  entryPoints: [at('src/index.ts')],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  external: ['ws'],
  sourcemap: true,
  logLevel: 'warning',
};

rmSync(at('dist'), { recursive: true, force: true });
await Promise.all([
  build({ ...shared, outfile: at('dist/index.js') }),
  build({ ...shared, outfile: at('dist/client.js'), minify: true }),
]);
execFileSync(process.execPath, [tsc, '-p', at('tsconfig.build.json')], { stdio: 'inherit' });

const minified = readFileSync(at('dist/client.js'));
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(2)} kB`;
console.log(`client.js: ${kilobytes(minified.length)} minified, ${kilobytes(gzipSync(minified).length)} gzipped`);
