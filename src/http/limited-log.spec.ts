import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LimitedLog, sumUpNow } from './limited-log.js';

describe('LimitedLog', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function setUp() {
    const lines: string[] = [];
    return { lines, log: new LimitedLog({ warn: (line: string) => lines.push(line) }, 1_000) };
  }

  it('tells of a cause at once, and sums its repetitions up when the interval is over, in the words of the last', () => {
    const { lines, log } = setUp();
    ['refused', 'again', 'and again'].forEach((each) => log.warn('origin', each));
    expect(lines).toEqual(['refused']);
    jest.advanceTimersByTime(1_000);
    expect(lines).toEqual(['refused', 'and again (2 more in 1 s)']);
  });

  it('says less and less often what goes on, without an end to it', () => {
    const { lines, log } = setUp();
    for (let half = 0; half < 7_200; half += 1) {
      log.warn('origin', 'refused');
      jest.advanceTimersByTime(500);
    }
    expect(lines.slice(0, 3)).toEqual(['refused', 'refused (1 more in 1 s)', 'refused (4 more in 2 s)']);
    expect(lines.at(-1)).toBe('refused (1200 more in 600 s)');
    expect(lines).toHaveLength(15);
  });

  it('counts every repetition in one line or another, and begins anew after a quiet interval', () => {
    const { lines, log } = setUp();
    for (let times = 0; times < 100; times += 1) log.warn('origin', 'refused');
    jest.advanceTimersByTime(10_000);
    log.warn('origin', 'refused');
    expect(lines).toEqual(['refused', 'refused (99 more in 1 s)', 'refused']);
    jest.advanceTimersByTime(10_000);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('sums up at once where there is an end to it, and says nothing later', () => {
    const { lines, log } = setUp();
    ['refused', 'again', 'and again'].forEach((each) => log.warn('origin', each));
    log.warn('host', 'met once');
    jest.advanceTimersByTime(350);
    sumUpNow();
    expect(lines).toEqual(['refused', 'met once', 'and again (2 more in 0.4 s)']);
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(10_000);
    expect(lines).toHaveLength(3);
  });

  it('does not let one cause silence another', () => {
    const { lines, log } = setUp();
    log.warn('origin', 'a');
    log.warn('host', 'b');
    expect(lines).toEqual(['a', 'b']);
  });
});
