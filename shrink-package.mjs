/*
 * Takes the comments and the white space out of the JavaScript of a built package: who installs it reads its declarations, and
 * the source maps that the comments name are not in it. The names of functions and classes stay, for stack traces and for Nest;
 * those within functions are shortened. `node shrink-package.mjs [folder]`
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { minify } from '@swc/core';
import { transform } from 'esbuild';

const SHORT_NAMES = {
  module: true,
  compress: false,
  mangle: { keep_classnames: true, keep_fnames: true, toplevel: false },
};

const dist = join(process.argv[2] ?? '.', 'dist');
const files = (await readdir(dist, { recursive: true })).filter(
  (file) => /\.m?js$/.test(file) && !file.includes('bundle'),
);
for (const file of files) {
  const path = join(dist, file);
  const { code } = await transform(await readFile(path, 'utf8'), {
    format: 'esm',
    target: 'node20',
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
  });
  await writeFile(path, (await minify(code, SHORT_NAMES)).code);
}
// what is built next has its comments, and its source maps, again
for (const file of ['.tsbuildinfo', '.built']) await rm(join(dist, file), { force: true });
