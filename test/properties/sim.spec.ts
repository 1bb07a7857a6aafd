import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

/** Few by hand; `.ci/run` plays 1,000, and `SIM_SEEDS=10000` as many as a change of the core deserves. */
const SEEDS = process.env.SIM_SEEDS ?? '250';
const PROGRAM = fileURLToPath(new URL('../sim.mjs', import.meta.url));

/** What `npm run sim` says; rejects where it fails. */
async function sim(...options: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...options], { maxBuffer: 2 ** 26 });
  return stdout;
}

describe('the core in virtual time', () => {
  it(`is sound with ${SEEDS} seeds, whatever fails around it`, async () => {
    await expect(sim('--seeds', SEEDS)).resolves.toContain('all sound');
  });

  it('is seen to be wrong when something around it is, and does the same with the same seed', async () => {
    const said = await sim('--prove', '--seeds', '100');
    expect(said.match(/^[a-z-]+: found/gm)).toHaveLength(6);
    expect(said).toContain('10 seeds played twice: all the same');
  });

  it('tells of a seed that is wrong what has happened, and how to play it again', async () => {
    const failing = ['--seed', '1', '--fault', 'early-ack'];
    const { stdout } = (await sim(...failing).catch((error: unknown) => error)) as { readonly stdout: string };
    expect(stdout).toMatch(/^\d+\.\d{3} n1 starts$/m);
    expect(stdout).toMatch(/^WRONG: \d+\.\d{3} n\d tells c\d\/\w+ of seq \d+ before it is committed/m);
    const [, again] = /^again: npm run sim -- (.*)$/m.exec(stdout)!;
    await expect(sim(...again!.split(' '))).rejects.toThrow();
  });
});
