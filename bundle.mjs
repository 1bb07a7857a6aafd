/* Builds dist/server.bundle.js out of dist/app/server.js: the server in one file, which starts sooner. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What finds files of its own beside itself, what hardly anybody loads, and what Nest looks up by itself too: one copy of it is enough. */
const OUTSIDE = ['better-sqlite3', '@node-rs/argon2', '@opentelemetry/sdk-node', 'swagger-ui-dist', 'ws'];

/** Nest and TypeORM import what they would use if it were installed. */
const optional = {
  name: 'optional',
  setup({ onResolve, resolve }) {
    const asked = {};
    onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === asked) return undefined;
      const found = await resolve(path, { ...from, pluginData: asked });
      return found.errors.length > 0 ? { path, external: true } : found;
    });
  },
};

/** Here Swagger is there, and is in the file once. */
const swagger = {
  name: 'swagger',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /\/api-decorators\.js$/ }, ({ kind, resolveDir }) =>
      resolveDir.includes('node_modules') ? undefined : resolve('@nestjs/swagger', { kind, resolveDir }),
    );
  },
};

/** CommonJS within expects these; they are those of dist/. */
const COMMON_JS = `import { createRequire as __createRequire } from 'node:module';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url);
const __filename = __fileURLToPath(import.meta.url);
const __dirname = __fileURLToPath(new URL('.', import.meta.url));`;

/**
 * Leaves the names to classes, which have them from a static block. esbuild gives one to each inner function too, whenever
 * it is made, and hot code makes many. Lines stay where the source map has them.
 */
function nameClassesOnly(text) {
  const helper = /^var __name = (.*);$/m;
  if (!helper.test(text)) throw new Error('esbuild names classes in another way now');
  return text
    .replaceAll('__name(this, ', '__nameClass(this, ')
    .replace(helper, 'var __nameClass = $1, __name = (target) => target;');
}

/**
 * What is left beyond ASCII stands in regular expressions and comments. One such character makes V8 hold the whole text with
 * two bytes for each character, for as long as the server runs.
 */
function escapeBeyondAscii(text) {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const { outputFiles } = await build({
  entryPoints: [at('dist/app/server.js')],
  outfile: at('dist/server.bundle.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Nest and Swagger go by the names of classes
  keepNames: true,
  banner: { js: COMMON_JS },
  external: OUTSIDE,
  plugins: [swagger, optional],
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'error',
  write: false,
});
for (const { path, text } of outputFiles) {
  await writeFile(path, path.endsWith('.js') ? escapeBeyondAscii(nameClassesOnly(text)) : text);
}
// a thread is started by its file, which stands beside whoever starts it
for (const thread of ['read-worker', 'scrub-worker', 'search/search-worker']) {
  await build({
    entryPoints: [at(`dist/ledger/stores/sqlite/${thread}.mjs`)],
    outdir: at('dist'),
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: OUTSIDE,
    logLevel: 'error',
  });
}
