import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { createClient } from '../../client/src/index.js';
import { runProgram } from '../support/server/process.js';
import { startApp } from '../support/server/app.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/atome-sync.js', import.meta.url));

/* Of what was built. */

describe('atome-sync chaos', () => {
  it('is a bad network, over which a client loses nothing and writes nothing twice', async () => {
    const server = await startApp({ MAX_CONNECTIONS_PER_ADDRESS: '10000' });
    const begin = async (listen: string, every: string) => {
      const flags = ['--listen', listen, '--upstream', server.wsUrl, '--seed', '7', '--every', every, '--json'];
      const program = spawn(process.execPath, [PROGRAM, 'chaos', ...flags]);
      const lines = createInterface(program.stdout)[Symbol.asyncIterator]();
      const next = async <T>(): Promise<T> => JSON.parse((await lines.next()).value as string) as T;
      return { program, next, told: await next<{ url: string; seed: number }>() };
    };
    const end = async ({ program }: Awaited<ReturnType<typeof begin>>): Promise<unknown> => {
      program.kill('SIGTERM');
      return (await once(program, 'exit'))[0];
    };
    const bad = await begin('0', '0.2');
    expect(bad.told.seed).toBe(7);
    const client = createClient({ url: bad.told.url });
    const seen = new Set<string>();
    for (let made = 0; seen.size < 3; made += 1) {
      await client.create({ id: `made-${made}`, kind: 'note', data: { made } });
      seen.add((await bad.next<{ fault: string }>()).fault);
    }
    expect(await end(bad)).toBe(0);
    // no faults for an hour; what is said still comes in halves, late and twice
    const better = await begin(new URL(bad.told.url).port, '3600');
    for (let more = 0; more < 50; more += 1) await client.create({ id: `more-${more}`, kind: 'note', data: { more } });
    await client.flush();
    const here = await client.list();
    await client.close();
    expect(await end(better)).toBe(0);
    const { body } = await server.api.get('/api/atome/list?limit=100');
    const there = (body as { data: { id: string; version: number }[] }).data;
    expect(there.map(({ id, version }) => `${id} ${version}`).sort()).toEqual(here.map(({ id }) => `${id} 1`).sort());
    expect([...seen].sort()).toEqual(['cut', 'half-open', 'stall']);
    await server.close();
  });

  it.each([
    ['--upstream elsewhere', 'expected an address'],
    ['--listen 70000', 'between 0 and 65535'],
    ['--seed x', 'expected a number'],
  ])('refuses %s', async (args, said) => {
    const { code, stderr } = await runProgram('cli/atome-sync', ['chaos', ...args.split(' ')]);
    expect({ code, isSaid: stderr.includes(said) }).toEqual({ code: 2, isSaid: true });
  });
});
