/*
 * Builds dist/: an entry for each subpath, for bundlers and Node; client.js with all that browsers need in one file, for
 * a plain <script type="module">; the types; and, of the package as it is then, the example that needs a bundler.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** The subpaths of the package. What they have in common is a file of its own, so that there is one SyncError. */
const ENTRIES = {
  index: at('src/index.ts'),
  backends: at('src/dual.ts'),
  query: at('src/query-state.ts'),
  react: at('src/react.ts'),
  server: at('src/server.ts'),
  sqlite: at('src/sqlite.ts'),
  undo: at('src/undo.ts'),
  validate: at('src/validate.ts'),
  where: at('src/where.ts'),
  ws: at('src/connection/package-web-socket.ts'),
  'no-ws': at('src/connection/no-web-socket.ts'),
  // no subpath: apart from what is offline first, so that a page which imports that alone loads it later
  unified: at('src/online/default-client.ts'),
};

/** What all files share; outside stays what only some need: Node before 22, SQLite, React. */
const shared = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  external: ['ws', 'better-sqlite3', 'react'],
  sourcemap: true,
  logLevel: 'warning',
};

/** Which of the two it is, the conditions of the package say: a bundler that is not for Node must not meet the package `ws`. */
const conditionalWs = {
  name: 'ws by condition',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/package-web-socket\.js$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: '@atome-sync/client/ws', external: true } : undefined,
    ),
};

rmSync(at('dist'), { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: ENTRIES,
    outdir: at('dist'),
    splitting: true,
    chunkNames: 'shared-[hash]',
    plugins: [conditionalWs],
  }),
  build({ ...shared, entryPoints: [ENTRIES.index], outfile: at('dist/client.js'), minify: true }),
]);
for (const name of readdirSync(at('dist')).filter((each) => each.endsWith('.js'))) {
  const path = at(`dist/${name}`);
  // what a file imports without a name has no effect; with it, esbuild takes what is loaded later for needed at once
  const text = readFileSync(path, 'utf8').replace(/^import "\.\/.*";$/gm, '');
  // on the first line, so that the source map stays right
  writeFileSync(path, name === 'react.js' ? `"use client"; ${text}` : text);
}
execFileSync(process.execPath, [tsc, '-p', at('tsconfig.build.json')], { stdio: 'inherit' });

await build({
  ...shared,
  entryPoints: [at('examples/todo-react/todo.jsx')],
  outfile: at('examples/todo-react/todo.min.js'),
  external: ['ws'],
  define: { 'process.env.NODE_ENV': '"production"' },
  jsx: 'automatic',
  minify: true,
  sourcemap: false,
});

const minified = readFileSync(at('dist/client.js'));
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(2)} kB`;
console.log(`client.js: ${kilobytes(minified.length)} minified, ${kilobytes(gzipSync(minified).length)} gzipped`);
