/* Runs the chaos run with the clients as they are in the sources: `npm run chaos -- --seeds 10`. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
// as deep as where it finds the server from
const outfile = at(`../dist/chaos/bundle/${process.pid}.mjs`);

await build({
  entryPoints: [at('support/programs/chaos.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.on('exit', () => rmSync(outfile));
await import(outfile);
