/*
 * Builds what is older than its sources: the server into dist/, the client into client/dist/. `node build.mjs [--all]`
 * A list of the sources is kept beside what was made of them, so that one that is gone is noticed, too.
 */
import { execSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(import.meta.dirname);

const PARTS = [
  {
    dist: 'dist',
    made: 'dist/server.bundle.js',
    sources: ['src', 'tsconfig.json', 'bundle.mjs', 'package-lock.json'],
    commands: ['node node_modules/typescript/bin/tsc -p tsconfig.json', 'node bundle.mjs'],
  },
  {
    dist: 'client/dist',
    made: 'client/dist/client.js',
    sources: ['client/src', 'client/examples/todo-react', 'client/build.mjs', 'src/protocol', 'package-lock.json'],
    commands: ['node client/build.mjs'],
  },
  {
    dist: 'client/console/dist',
    made: 'client/console/dist/console.js',
    sources: [
      'client/console/src',
      'client/console/index.html',
      'client/console/build.mjs',
      'client/dist/index.js',
      'package-lock.json',
    ],
    commands: ['node client/console/build.mjs'],
  },
];

/** A line for each file: its path, then when it was changed and how large it is. */
function listOf(source) {
  const isFolder = statSync(source).isDirectory();
  const paths = isFolder ? readdirSync(source, { recursive: true }).map((path) => join(source, path)) : [source];
  const files = paths.filter((path) => !/\.min\.js$|\.spec\.ts$/.test(path)).map((path) => [path, statSync(path)]);
  return files.filter(([, stat]) => stat.isFile()).map(([path, { mtimeMs, size }]) => `${path} ${mtimeMs} ${size}`);
}

const pathsIn = (list) => list.map((line) => line.split(' ')[0]);

for (const { dist, made, sources, commands } of PARTS) {
  const kept = join(dist, '.built');
  const list = sources.flatMap(listOf).sort();
  const before = existsSync(kept) && existsSync(made) ? readFileSync(kept, 'utf8').split('\n') : [];
  if (!process.argv.includes('--all') && before.join() === list.join()) continue;
  const there = new Set(pathsIn(list));
  // what was made of a source that is gone would stay
  if (pathsIn(before).some((path) => !there.has(path))) rmSync(dist, { recursive: true, force: true });
  rmSync(kept, { force: true });
  for (const command of commands) execSync(command, { stdio: 'inherit' });
  writeFileSync(kept, list.join('\n'));
}
