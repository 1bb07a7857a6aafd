import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Inspector, WATCHED } from './inspector.js';

describe('what looks into a process', () => {
  it('sets no timer there: it may be in the middle of those of Node', async () => {
    // given a process that says how often a timer was set since it began
    const program = `
      let count = 0;
      const set = setInterval;
      globalThis.setInterval = (...args) => ((count += 1), set(...args));
      process.on('exit', () => (process.exitCode = count));
      process.stdin.on('end', () => process.exit()).resume();
      console.error('begun');`;
    const child = spawn(process.execPath, ['-e', program], { env: WATCHED, stdio: ['pipe', 'ignore', 'pipe'] });
    const exited = once(child, 'exit');
    const inspector = await Inspector.attach({
      warns: async (pattern) => {
        for (let said = ''; ; said += String((await once(child.stderr, 'data'))[0])) {
          if (said.includes('begun')) return pattern.exec(said)![1]!;
        }
      },
    });
    // when its event loop is watched
    await inspector.watchLoop();
    await inspector.loopDelay();
    inspector.close();
    child.stdin.end();
    // then it was by what had been loaded before
    expect(await exited).toEqual([0, null]);
  });
});
