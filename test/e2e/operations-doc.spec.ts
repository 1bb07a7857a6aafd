import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/databases/postgres.js';
import type { Database } from '../support/databases/databases.js';
import { freePort } from '../support/server/free-port.js';
import { ServerProcess } from '../support/server/process.js';

/* The commands of docs/operations.md, as they stand there, beside a ledger in the folder where they are called. */

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const BLOCKS = [...readFileSync(path('docs/operations.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(
  ([, commands = '']) => commands,
);

describe('the commands of the operations page', () => {
  let folder: string;
  let postgres: Database;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'operations-'));
    postgres = await createDatabase();
    mkdirSync(join(folder, 'bin'));
    // what a package and a checkout have in their places
    program('atome-sync', `exec node ${path('dist/cli/atome-sync.js')} "$@"`);
    program('npm', `exec node ${path('dist/main.js')}`);
    const server = await ServerProcess.start({ DATABASE_URL: `sqlite:${join(folder, 'data/atome.sqlite')}` });
    for (let n = 0; n < 3; n += 1) await server.api.post('/api/atome/create', { kind: 'note', data: { n } });
    expect(await server.kill('SIGTERM')).toBe(0);
  }, 300_000);
  afterAll(async () => {
    await postgres.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  function program(name: string, line: string): void {
    const file = join(folder, 'bin', name);
    writeFileSync(file, `#!/bin/sh\n${line}\n`);
    chmodSync(file, 0o755);
  }

  it('are found', () => expect(BLOCKS.length).toBeGreaterThanOrEqual(4));

  it.each(BLOCKS.map((commands) => [commands.split('\n')[0], commands] as const))(
    'work: %s …',
    async (_first, commands) => {
      const port = await freePort();
      const ready = `http://127.0.0.1:${port}/health/ready`;
      const script = commands
        .replaceAll('http://127.0.0.1:3001', `http://127.0.0.1:${port}`)
        .replaceAll('postgres://atome:…@db/atome', postgres.url)
        .replace(/^# when it listens.*$/m, `curl -s --retry 600 --retry-connrefused --retry-delay 1 ${ready}`)
        .replaceAll('curl -X', 'curl --fail-with-body -sX');
      const child = spawn(
        'bash',
        ['-euo', 'pipefail', '-c', `trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${script}`],
        {
          cwd: folder,
          env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder, PORT: String(port) },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      const ended = once(child, 'close') as Promise<[number | null]>;
      const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
      const [code] = await ended;
      if (code !== 0) throw new Error(`ended with ${code}:\n${out}\n${errors}`);
    },
  );
});
