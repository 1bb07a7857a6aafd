import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { startApp, type TestApp } from '../support/app.js';
import { freePort } from '../support/free-port.js';
import { takenBy } from '../support/offline.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WRITES = 1_000;
/** Kills of each kind: while it writes, while it sends. */
const KILLS = 8;

let program: string;
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'test/support/programs/offline-writer.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    write: false,
  });
  program = outputFiles[0]!.text;
});

let folder: string;
let server: TestApp;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atome-kill-'));
  server = await startApp();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function start(url: string, writes: number): { child: ChildProcess; lines: Interface } {
  const args = ['--input-type=module', '-', url, join(folder, 'store.db'), String(writes)];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(program);
  return { child, lines: createInterface({ input: child.stdout }) };
}

/** Runs it until it has said so many lines, or to its end, and kills it. @returns what it said. */
async function run(url: string, writes: number, until: (said: readonly string[]) => boolean): Promise<string[]> {
  const { child, lines } = start(url, writes);
  const exited = once(child, 'close');
  const said: string[] = [];
  lines.on('line', (line) => {
    said.push(line);
    if (until(said)) child.kill('SIGKILL');
  });
  await exited;
  return said;
}

const after =
  (lines: number): ((said: readonly string[]) => boolean) =>
  (said) =>
    said.length >= lines;
const tail = (said: readonly string[], word: string): string[] =>
  said.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

it('loses and doubles nothing of 1,000 offline writes when it is killed again and again, also while it sends', async () => {
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  const kept: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    kept.push(...tail(await run(nowhere, WRITES, after(1 + randomInt(WRITES / KILLS))), 'kept'));
  }
  const last = await run(nowhere, WRITES, (said) => said.at(-1)!.startsWith('shown'));
  kept.push(...tail(last, 'kept'));
  const [before] = tail(last, 'shown');
  expect(kept.length).toBeLessThanOrEqual(WRITES);

  for (let kill = 0; kill < KILLS; kill += 1) await run(server.url, 0, after(2 + randomInt(8)));
  const [flushed] = tail(await run(server.url, 0, () => false), 'flushed');
  const opIds = (await takenBy(server.url)).map(({ opId }) => opId);
  expect(opIds).toHaveLength(WRITES);
  expect(new Set(opIds).size).toBe(WRITES);
  expect(opIds).toEqual([...opIds].sort());
  expect(opIds).toEqual(expect.arrayContaining(kept));
  expect(JSON.parse(flushed!)).toEqual([JSON.parse(before!), []]);
});
