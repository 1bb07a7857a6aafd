import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { FaultProxy } from '../support/faults/fault-proxy.js';
import { after, KilledProgram, lines } from '../support/server/killed-program.js';
import { takenBy } from '../support/clients/offline.js';

const WRITES = 1_000;
/** Kills of each kind: while it writes, while it sends. */
const KILLS = 8;

let folder: string;
let server: TestApp;
let network: FaultProxy;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atome-kill-'));
  server = await startApp();
  network = await FaultProxy.to(server.url);
});
afterEach(async () => {
  await network.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

it('loses and doubles nothing of 1,000 offline writes when it is killed again and again, also while it sends', async () => {
  const program = await KilledProgram.of('offline-writer');
  const run = (writes: number, enough?: (said: readonly string[]) => boolean): Promise<string[]> =>
    program.run([network.url, join(folder, 'store.db'), String(writes)], enough);
  network.break({ kind: 'refuse' });
  const kept: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    kept.push(...after(await run(WRITES, lines(1 + randomInt(WRITES / KILLS))), 'kept'));
  }
  const last = await run(WRITES, (said) => said.at(-1)!.startsWith('shown'));
  kept.push(...after(last, 'kept'));
  const [before] = after(last, 'shown');
  expect(kept.length).toBeLessThanOrEqual(WRITES);

  network.heal();
  for (let kill = 0; kill < KILLS; kill += 1) await run(0, lines(2 + randomInt(8)));
  const [flushed] = after(await run(0), 'flushed');
  const opIds = (await takenBy(server.url)).map(({ opId }) => opId);
  expect(opIds).toHaveLength(WRITES);
  expect(new Set(opIds).size).toBe(WRITES);
  expect(opIds).toEqual([...opIds].sort());
  expect(opIds).toEqual(expect.arrayContaining(kept));
  expect(JSON.parse(flushed!)).toEqual([JSON.parse(before!), []]);
});
