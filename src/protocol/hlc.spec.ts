import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { clampHlc, formatHlc, HLC_PATTERN, HybridClock, MAX_DRIFT_MS, wallOf } from './hlc.js';

const wall = fc.integer({ min: 0, max: 999_999_999_999_999 });
const counter = fc.integer({ min: 0, max: 0xffff });
const node = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,64}$/);

describe('a stamp', () => {
  it('is text in a fixed form', () => {
    expect(formatHlc(1_700_000_000_000, 10, 'node-1')).toBe('001700000000000-000a-node-1');
  });

  it('sorts as text the way the clock does', () => {
    const stamp = fc.tuple(wall, counter, node);
    fc.assert(
      fc.property(stamp, stamp, (a, b) => {
        const [x, y] = [formatHlc(...a), formatHlc(...b)];
        expect(x).toMatch(HLC_PATTERN);
        expect(wallOf(x)).toBe(a[0]);
        const difference = a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : a[2] > b[2] ? 1 : 0);
        expect(x < y ? -1 : x > y ? 1 : 0).toBe(Math.sign(difference));
      }),
    );
  });

  it('is set back when it is too far ahead, and left alone otherwise', () => {
    const now = 1_000_000;
    const latest = formatHlc(now + MAX_DRIFT_MS, 7, 'n');
    expect(clampHlc(latest, now)).toBe(latest);
    expect(clampHlc(formatHlc(now + MAX_DRIFT_MS + 1, 7, 'far-ahead'), now)).toBe(
      formatHlc(now + MAX_DRIFT_MS, 0, 'far-ahead'),
    );
    expect(clampHlc(formatHlc(1, 0, 'n'), now)).toBe(formatHlc(1, 0, 'n'));
  });
});

describe('a clock', () => {
  it('follows the wall', () => {
    const clock = new HybridClock('n', () => 42);
    expect(clock.tick()).toBe(formatHlc(42, 0, 'n'));
    expect(clock.tick()).toBe(formatHlc(42, 1, 'n'));
  });

  it('moves the wall on when the counter is used up', () => {
    const clock = new HybridClock('n', () => 42);
    clock.observe(formatHlc(42, 0xffff, 'other'));
    expect(clock.tick()).toBe(formatHlc(43, 0, 'n'));
  });

  it('never gives a stamp that is not greater than all before, given or observed', () => {
    const time = fc.integer({ min: 0, max: 50 });
    const seen = fc
      .tuple(time, fc.constantFrom(0, 1, 0xfffe, 0xffff), fc.constantFrom('a', 'z'))
      .map(([at, count, by]) => formatHlc(at, count, by));
    fc.assert(
      fc.property(fc.array(fc.tuple(time, fc.option(seen)), { maxLength: 40 }), (steps) => {
        let now = 0;
        let greatest = '';
        const clock = new HybridClock('m', () => now);
        for (const [at, stamp] of steps) {
          now = at;
          if (stamp !== null) clock.observe(stamp);
          const own = clock.tick();
          expect(own > greatest && own > (stamp ?? '')).toBe(true);
          greatest = own;
        }
      }),
    );
  });
});
