/*
 * Joins the modules of a built package, and takes the comments and the white space out: who installs it reads its declarations, and
 * the source maps that the comments name are not in it. The names of functions and classes stay, for stack traces and for Nest;
 * those within functions are shortened. Declarations that nobody can name keep no comments either.
 * `node shrink-package.mjs [folder]`
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { minify } from '@swc/core';
import { build, transform } from 'esbuild';
import ts from 'typescript';

const SHORT_NAMES = {
  module: true,
  compress: false,
  mangle: { keep_classnames: true, keep_fnames: true, toplevel: false },
};
const SMALL = { format: 'esm', target: 'node20', legalComments: 'none', minifySyntax: true, minifyWhitespace: true };

const dist = join(process.argv[2] ?? '.', 'dist');
const scripts = async () =>
  (await readdir(dist, { recursive: true })).filter((file) => /\.m?js$/.test(file) && !file.includes('server.bundle'));
const before = await scripts();
if (before.includes('index.js')) await joinModules(before);
for (const file of await scripts()) {
  const path = join(dist, file);
  const { code } = await transform(await readFile(path, 'utf8'), SMALL);
  await writeFile(path, (await minify(code, SHORT_NAMES)).code);
}

/** Five hundred small files are mostly imports and what an archive says of each. What is run or named from outside stays a file. */
async function joinModules(files) {
  const isEntry = (file) => /^(?:index|main|app[\\/]server|cli[\\/][^\\/]+)\.js$/.test(file);
  const { outputFiles } = await build({
    ...SMALL,
    entryPoints: files.filter(isEntry).map((file) => join(dist, file)),
    outbase: dist,
    outdir: dist,
    // beside the entries: they find package.json, the pages and the threads from where they are
    chunkNames: 'part-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    packages: 'external',
    write: false,
    logLevel: 'warning',
  });
  for (const file of files) if (!/^[^\\/]+-worker\.mjs$/.test(file)) await rm(join(dist, file));
  for (const { path, text } of outputFiles) {
    // Nest goes by the names of classes: two of one name in a file would be told apart by a digit
    const [renamed] = /\bclass \w+(?:Controller|Module|Guard|Filter|Interceptor|Service|Gateway)\d+\b/.exec(text) ?? [];
    if (renamed) throw new Error(`two classes have the name of ${renamed}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

const index = await readFile(join(dist, 'index.d.ts'), 'utf8').catch(() => undefined);
const declarations = await declarationsFrom(index === undefined ? undefined : 'index.d.ts');
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
/** All declarations; with an entry, those that it names, and what those name: the others go. */
async function declarationsFrom(entry) {
  const all = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.d.ts'));
  if (entry === undefined) return all;
  const reached = new Set([entry]);
  // it grows while it is gone through
  for (const file of reached) {
    const text = await readFile(join(dist, file), 'utf8');
    for (const [, name] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
      reached.add(join(dirname(file), `${name}.d.ts`));
    }
  }
  await Promise.all(all.filter((file) => !reached.has(file)).map((file) => rm(join(dist, file))));
  return [...reached];
}

// what is built next has its comments, and its source maps, again
for (const file of ['.tsbuildinfo', '.built']) await rm(join(dist, file), { force: true });
