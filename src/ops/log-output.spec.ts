import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { transformSync } from 'esbuild';
import { LogOutput } from './log-output.js';

describe('the log', () => {
  let written: string;
  /** Why nothing can be written; undefined when it can. */
  let fault: Error | undefined;
  /** Whether what is written is never done. */
  let isStuck: boolean;
  /** Bytes that are taken at a time. */
  let most: number;
  let out: LogOutput;
  beforeEach(() => {
    jest.useFakeTimers();
    [written, fault, isStuck, most] = ['', undefined, false, 10];
    out = new LogOutput(1, (_fd, data, done) => {
      if (isStuck) return;
      setImmediate(() => {
        // a part at a time
        const part = data.subarray(0, fault ? 0 : most);
        written += part.toString();
        done(fault ?? null, part.length);
      });
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const pass = (ms = 100): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  it('is written in order, whole', async () => {
    for (let n = 0; n < 5; n += 1) out.write(`line ${n}, which is long\n`);
    await pass();
    expect(written).toBe([0, 1, 2, 3, 4].map((n) => `line ${n}, which is long\n`).join(''));
  });

  it('goes on when a full disk has room again', async () => {
    fault = new Error('ENOSPC');
    out.write('one\n');
    await pass(10_000);
    out.write('two\n');
    expect(written).toBe('');
    fault = undefined;
    await pass(2_000);
    expect(written).toBe('one\ntwo\n');
  });

  it('leaves out what does not fit, and says how much', async () => {
    fault = new Error('EAGAIN');
    most = 1024 * 1024;
    const line = `${'x'.repeat(1_023)}\n`;
    for (let n = 0; n < 4_100; n += 1) out.write(line);
    fault = undefined;
    await pass(2_000);
    const lines = written.trim().split('\n');
    expect(lines).toHaveLength(4_097);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ level: 40, msg: expect.stringMatching(/^4 lines/) });
  });

  it('is tried again at once where a pipe is full, also at the end', async () => {
    fault = Object.assign(new Error('full'), { code: 'EAGAIN' });
    out.write('one\n');
    await pass(10);
    fault = undefined;
    await pass(30);
    expect(written).toBe('one\n');
    fault = new Error('ENOSPC');
    out.write('two\n');
    await pass(10);
    fault = undefined;
    const flushed = out.flush(500);
    await pass(10);
    await flushed;
    expect(written).toBe('one\ntwo\n');
  });

  it('is whole when a process ends at once after several lines', () => {
    const { code } = transformSync(readFileSync(new URL('log-output.ts', import.meta.url), 'utf8'), { loader: 'ts' });
    const script = `${code}
      const out = new LogOutput(1);
      process.on('exit', () => out.waitAtExit());
      for (const line of ['one', 'two', 'three']) out.write(line + '\\n');
      process.exit(1);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.toString()).toBe('one\ntwo\nthree\n');
  });

  it('holds up no end, though nobody reads it', async () => {
    isStuck = true;
    out.write('one\n');
    const flushed = out.flush(1_000);
    await pass(1_000);
    await flushed;
    out.waitAtExit();
  });

  it('is whole when the server ends', async () => {
    out.write('one\n');
    const flushed = out.flush(1_000);
    await pass(1);
    await flushed;
    expect(written).toBe('one\n');
  });
});
