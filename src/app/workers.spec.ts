import cluster from 'node:cluster';
import { EventEmitter, on, once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Workers } from './workers.js';

const PROGRAM = fileURLToPath(new URL('../../test/support/programs/worker.mjs', import.meta.url));

/** What the next processes do, and where they begin. */
function next(does: 'all' | 'hangs' | 'starts', cwd = tmpdir()): void {
  cluster.setupPrimary({ exec: PROGRAM, args: [does], execArgv: [], ...{ cwd } });
}

/** The process that was started last. */
const newest = (): number => Object.values(cluster.workers!).at(-1)!.process.pid!;

describe('the processes of a server', () => {
  let workers: Workers;
  let lines: AsyncIterator<[string]>;
  beforeEach(() => {
    const log = new EventEmitter();
    const say = (line: string): void => void log.emit('line', line);
    lines = on(log, 'line')[Symbol.asyncIterator]() as AsyncIterator<[string]>;
    workers = new Workers({ log: say, warn: say, error: say });
  });
  afterEach(async () => {
    workers.kill();
    await workers.stop(0);
    await lines.return!();
  });
  const line = async (): Promise<string> => ((await lines.next()).value as [string])[0];

  it('are none where the machine can start none', async () => {
    next('all', '/no/such/folder');
    await expect(workers.start(2)).rejects.toThrow('ENOENT');
  });

  it('are fewer for as long as the machine can start no other in the place of one', async () => {
    next('all');
    await workers.start(2);
    next('all', '/no/such/folder');
    process.kill(newest(), 'SIGKILL');
    expect(await line()).toMatch(/^process \d+ of the server has ended by SIGKILL; another is started$/);
    expect(await line()).toMatch(/could not be started \(spawn .* ENOENT\); another is started$/);
    expect(await workers.metrics()).toHaveLength(2);
    expect(await workers.stop(60_000)).toBe(0);
  });

  it('end all the same when one of them hangs', async () => {
    next('all');
    await workers.start(1);
    next('hangs');
    process.kill(newest(), 'SIGKILL');
    await line();
    expect(await line()).toMatch(/listens in its place$/);
    expect(await workers.stop(10)).toBe(1);
  });

  it('are measured together, but for those that do not listen yet, and have counted what those had that ended', async () => {
    const values = [{ value: 7, labels: {} }];
    const [counter, gauge] = [
      expect.objectContaining({ name: 'counter', values }),
      expect.objectContaining({ name: 'gauge' }),
    ];
    next('all');
    await workers.start(2);
    expect(await workers.metrics()).toEqual([[], [counter, gauge], [counter, gauge]]);
    next('starts');
    process.kill(newest(), 'SIGKILL');
    await once(cluster, 'online');
    expect(await workers.metrics()).toEqual([[counter], [counter, gauge]]);
  });
});
