/* Plays the core, as it is in the sources, in virtual time: `npm run sim -- --help`. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const outfile = at(`../dist/sim/${process.pid}.mjs`);

await build({
  entryPoints: [at('support/programs/sim.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  tsconfig: at('../tsconfig.json'),
  logLevel: 'warning',
});
process.on('exit', () => rmSync(outfile));
await import(outfile);
