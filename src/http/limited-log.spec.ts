import { describe, expect, it } from '@jest/globals';
import { LimitedLog } from './limited-log.js';

function setUp() {
  const lines: string[] = [];
  let now = 0;
  const log = new LimitedLog({ warn: (line: string) => lines.push(line) }, 1_000, () => now);
  return { lines, log, passes: (ms: number) => (now += ms) };
}

describe('LimitedLog', () => {
  it('tells of a cause at once, and of its repetitions once an interval with their number', () => {
    const { lines, log, passes } = setUp();
    log.warn('origin', 'refused');
    log.warn('origin', 'refused');
    log.warn('origin', 'refused');
    passes(1_000);
    log.warn('origin', 'refused');
    log.warn('origin', 'refused');
    expect(lines).toEqual(['refused', 'refused (2 more since the last line)']);
  });

  it('does not let one cause silence another', () => {
    const { lines, log } = setUp();
    log.warn('origin', 'a');
    log.warn('host', 'b');
    expect(lines).toEqual(['a', 'b']);
  });
});
