import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { FaultProxy } from '../support/faults/fault-proxy.js';
import { after, KilledProgram, lines } from '../support/server/killed-program.js';
import { stateOf, takenBy } from '../support/clients/offline.js';

const WRITES = 60;
/** Kills of each kind: while it writes, while it sends. */
const KILLS = 3;

let folder: string;
let servers: readonly TestApp[];
let networks: readonly FaultProxy[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atome-kill-'));
  servers = [await startApp(), await startApp()];
  networks = await Promise.all(servers.map(({ url }) => FaultProxy.to(url)));
  for (const { api } of servers) await api.post('/api/atome/create', { id: 'shared', kind: 'note', data: {} });
});
afterEach(async () => {
  await Promise.all(networks.map((network) => network.close()));
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

it.each([
  ['local', 'cloud'],
  ['cloud', 'local'],
])(
  'brings both servers to the same, each write once, when it is killed again and again and the %s comes back before the %s',
  async (first) => {
    const program = await KilledProgram.of('dual-writer');
    const urls = networks.map(({ url }) => url);
    const [local, cloud] = networks as readonly [FaultProxy, FaultProxy];
    const oneAway = [first === 'local' ? cloud : local];
    const kept: string[] = [];
    let round = 0;
    const run = async (
      away: readonly FaultProxy[],
      writes: number,
      enough?: (said: readonly string[]) => boolean,
    ): Promise<string[]> => {
      for (const network of networks) {
        if (away.includes(network)) network.break({ kind: 'refuse' });
        else network.heal();
      }
      const said = await program.run([...urls, folder, `run${(round += 1)}`, String(writes)], enough);
      kept.push(...after(said, 'kept'));
      return said;
    };
    for (const away of [[], oneAway, networks, oneAway, []]) {
      for (let kill = 0; kill < KILLS; kill += 1) await run(away, WRITES, lines(2 + randomInt(WRITES)));
    }
    for (let kill = 0; kill < KILLS; kill += 1) await run([], 0, lines(1 + randomInt(8)));
    expect(after(await run([], WRITES), 'flushed')).toEqual(['0']);

    const taken = await Promise.all(
      servers.map(async ({ url }) => (await takenBy(url)).flatMap(({ opId }) => opId ?? [])),
    );
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
