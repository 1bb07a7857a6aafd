import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { freePort } from '../support/free-port.js';
import { after, KilledProgram, lines } from '../support/killed-program.js';
import { stateOf, takenBy } from '../support/offline.js';

const WRITES = 60;
/** Kills of each kind: while it writes, while it sends. */
const KILLS = 3;

let folder: string;
let servers: readonly TestApp[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atome-kill-'));
  servers = [await startApp(), await startApp()];
  for (const { api } of servers) await api.post('/api/atome/create', { id: 'shared', kind: 'note', data: {} });
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

it.each([
  ['local', 'cloud'],
  ['cloud', 'local'],
])(
  'brings both servers to the same, each write once, when it is killed again and again and the %s comes back before the %s',
  async (first) => {
    const program = await KilledProgram.of('backends-writer');
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const [local, cloud] = servers.map(({ url }) => url) as [string, string];
    const both = [local, cloud] as const;
    const oneAway = first === 'local' ? ([local, nowhere] as const) : ([nowhere, cloud] as const);
    const kept: string[] = [];
    let round = 0;
    const run = async (
      urls: readonly [string, string],
      writes: number,
      enough?: (said: readonly string[]) => boolean,
    ): Promise<string[]> => {
      const said = await program.run([...urls, folder, `run${(round += 1)}`, String(writes)], enough);
      kept.push(...after(said, 'kept'));
      return said;
    };
    for (const urls of [both, oneAway, [nowhere, nowhere] as const, oneAway, both]) {
      for (let kill = 0; kill < KILLS; kill += 1) await run(urls, WRITES, lines(2 + randomInt(WRITES)));
    }
    for (let kill = 0; kill < KILLS; kill += 1) await run(both, 0, lines(1 + randomInt(8)));
    expect(after(await run(both, WRITES), 'flushed')).toEqual(['0']);

    const taken = await Promise.all(both.map(async (url) => (await takenBy(url)).flatMap(({ opId }) => opId ?? [])));
    for (const opIds of taken) {
      expect(new Set(opIds).size).toBe(opIds.length);
      expect(opIds).toEqual([...opIds].sort());
      expect(opIds).toEqual(expect.arrayContaining(kept));
    }
    expect(taken[1]).toEqual(taken[0]);
    const [here, there] = await Promise.all(servers.map(stateOf));
    expect(there).toEqual(here);
    expect(here!.length).toBeGreaterThan(WRITES / 9);
  },
);
