/* Builds dist/: the page, its script, and its style. The SDK is the file that the server has beside it anyway. */
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The SDK as it is published for pages, where it is served: an address relative to the script, so under any prefix. */
const sdk = {
  name: 'sdk',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^@atome-sync\/client$/ }, () => ({ path: './client.js', external: true })),
};

rmSync(at('dist'), { recursive: true, force: true });
mkdirSync(at('dist'));
copyFileSync(at('index.html'), at('dist/index.html'));
await build({
  entryPoints: { console: at('src/main.tsx') },
  outdir: at('dist'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // that of this folder leads to the sources of the SDK
  tsconfigRaw: {},
  plugins: [sdk],
  define: { 'process.env.NODE_ENV': '"production"' },
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});

const [script, style] = ['console.js', 'console.css'].map((name) => readFileSync(at(`dist/${name}`)));
const kilobytes = (bytes) => `${(bytes.length / 1024).toFixed(2)} kB`;
console.log(
  `console.js: ${kilobytes(script)}, ${kilobytes(gzipSync(script))} gzipped; console.css: ${kilobytes(style)}`,
);
