/* Loads what is written in TypeScript, for Node: hooks of its own loader of modules. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const ROOT = new URL('../../../', import.meta.url);

/** What is not where its name says. */
const ELSEWHERE = {
  '@jest/globals': new URL('globals.mjs', import.meta.url).href,
  // the examples import the package by its name
  '@atome-sync/server': new URL('src/index.ts', ROOT).href,
};

/** How TypeScript becomes JavaScript here. */
export const OPTIONS = {
  swcrc: false,
  sourceMaps: 'inline',
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: {
      legacyDecorator: true,
      decoratorMetadata: true,
      useDefineForClassFields: false,
      verbatimModuleSyntax: true,
    },
  },
};

/** Sources import `./x.js` and mean `./x.ts`. */
function sourceOf(specifier, parent) {
  if (!/^\.{1,2}\/.*\.js$/.test(specifier) || !parent?.endsWith('.ts')) return undefined;
  const url = new URL(specifier.replace(/\.js$/, '.ts'), parent);
  return existsSync(url) ? url.href : undefined;
}

export async function resolve(specifier, context, next) {
  const [parent, own] = (context.parentURL ?? '').split('?');
  const url = ELSEWHERE[specifier] ?? sourceOf(specifier, parent);
  const found = url === undefined ? await next(specifier, context) : { url, shortCircuit: true };
  // a test file that wants modules of its own has them down to the last source
  return own !== undefined && found.url.endsWith('.ts') ? { ...found, url: `${found.url}?${own}` } : found;
}

export function load(url, context, next) {
  const [path] = url.split('?');
  if (!path.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(path);
  const { code } = transformSync(readFileSync(filename, 'utf8'), { ...OPTIONS, filename });
  return { format: 'module', source: code, shortCircuit: true };
}
