import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { startApp } from '../support/server/app.js';
import { ServerProcess } from '../support/server/process.js';

const BUNDLE = new URL('../../dist/server.bundle.js', import.meta.url);

/** What a program that runs the bundle has loaded besides it, said when it ends. */
const COUNTING = `
  import { createRequire } from 'node:module';
  const loaded = () => Object.keys(createRequire(${JSON.stringify(BUNDLE.href)}).cache).length;
  process.on('exit', () => console.log('loaded ' + loaded()));
  process.argv.push('server', '--help');
  await import(${JSON.stringify(BUNDLE.href)});
`;

describe('the start of the server', () => {
  it('reads one file and few besides', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', COUNTING], {
      cwd: fileURLToPath(new URL('.', BUNDLE)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(Number(/loaded (\d+)/.exec(output)?.[1])).toBeLessThan(20);
  });

  it('out of one file is the same server', async () => {
    const app = await startApp();
    const server = await ServerProcess.start({ DATABASE_URL: 'sqlite::memory:' });
    const document = async (url: string): Promise<unknown> => (await fetch(`${url}/api/openapi.json`)).json();
    expect(await document(server.url)).toEqual(await document(app.url));
    await server.kill('SIGTERM');
    await app.close();
  });

  it('out of one file judges by the kinds of KINDS_FILE, and is refused with one that does not fit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'atome-kinds-'));
    const file = join(folder, 'kinds.json');
    const environment = { DATABASE_URL: 'sqlite::memory:', KINDS_FILE: file };
    try {
      writeFileSync(file, '{"note":{"schema":{"required":["title"],"properties":{"due":{"format":"date"}}}}}');
      const server = await ServerProcess.start(environment);
      const body = JSON.stringify({ kind: 'note', data: { due: 'soon' } });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${server.url}/api/atome/create`, { method: 'POST', headers, body });
      expect(await answer.json()).toMatchObject({ errors: [{ path: '/data/title' }, { path: '/data/due' }] });
      await server.kill('SIGTERM');
      writeFileSync(file, '{"note":{"schema":{"requird":["title"]}}}');
      expect(await ServerProcess.fail(environment)).toEqual({
        code: 78,
        output: expect.stringContaining('note.schema: strict mode: unknown keyword: "requird"'),
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
