/* Preloaded into a program: kills it at the so-many-th step that it makes towards a disk, KILL_AT; 0: it says how many there were. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';

const at = Number(process.env.KILL_AT);
let steps = 0;

function watch(object, name) {
  const original = object[name];
  object[name] = function (...args) {
    if ((steps += 1) === at && isMainThread) process.kill(process.pid, 'SIGKILL');
    return original.apply(this, args);
  };
}

for (const name of ['mkdir', 'open', 'rename', 'rm']) watch(fs.promises, name);
syncBuiltinESMExports();
const handle = await fs.promises.open(new URL(import.meta.url), 'r');
for (const name of ['appendFile', 'sync']) watch(Object.getPrototypeOf(handle), name);
await handle.close();
const memory = new BetterSqlite3(':memory:');
watch(Object.getPrototypeOf(memory.prepare('SELECT 1')), 'run');
memory.close();
watch(pg.Client.prototype, 'query');
steps = 0;
if (at === 0 && isMainThread) process.on('exit', () => process.stderr.write(`steps: ${steps}\n`));
