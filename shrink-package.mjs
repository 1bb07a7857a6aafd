/*
 * Takes the comments and the white space out of the JavaScript of a built package: who installs it reads its declarations, and
 * the source maps that the comments name are not in it. The names of functions and classes stay, for stack traces and for Nest;
 * those within functions are shortened. Declarations that nobody can name keep no comments either.
 * `node shrink-package.mjs [folder]`
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { minify } from '@swc/core';
import { transform } from 'esbuild';
import ts from 'typescript';

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

const declarations = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.d.ts'));
const index = await readFile(join(dist, 'index.d.ts'), 'utf8').catch(() => undefined);
const isWhole = (file) => index === undefined || file === 'index.d.ts' || /^(?:orm|protocol)[\\/]/.test(file);
const sources = new Map();
for (const file of declarations.filter((each) => !isWhole(each))) {
  const text = await readFile(join(dist, file), 'utf8');
  sources.set(file, ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
}
const nameOf = ({ name, declarationList }) => name?.text ?? declarationList?.declarations[0].name.text;
/** What the index names, and what that has its members from. */
const named = new Set(index?.match(/\b[A-Z]\w+\b/g));
const statements = [...sources.values()].flatMap((source) => [...source.statements]);
// it grows while it is gone through
for (const name of named)
  for (const { heritageClauses = [] } of statements.filter((each) => nameOf(each) === name))
    for (const { types } of heritageClauses) for (const { expression } of types) named.add(expression.getText());
for (const [file, source] of sources) {
  const parts = source.statements.map((statement) => {
    const part = source.text.slice(statement.getFullStart(), statement.getEnd());
    return named.has(nameOf(statement)) ? part : part.replace(/[ \t]*\/\*\*[^]*?\*\/\n?/g, '');
  });
  await writeFile(join(dist, file), `${parts.join('')}\n`);
}
// what is built next has its comments, and its source maps, again
for (const file of ['.tsbuildinfo', '.built']) await rm(join(dist, file), { force: true });
