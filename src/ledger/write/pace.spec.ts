import { describe, expect, it } from '@jest/globals';
import { Pace } from './pace.js';
import { LARGE_BYTES } from './rests.js';

const MIB = 1024 * 1024;

/** How long a tenant rests after each of its writes to something of so many bytes, when it goes on as soon as it may. */
function rests(pace: Pace, tenants: readonly string[], bytes: number, writes: number): number[] {
  const all: number[] = [];
  let now = 1_000;
  for (let n = 0; n < writes; n += 1) {
    const until = pace.charge(tenants[n % tenants.length]!, bytes, now);
    all.push(Math.max(0, until - now));
    now = Math.max(now, until);
  }
  return all;
}

describe('Pace', () => {
  it('lets a tenant alter some that is large at once, and then so many bytes a millisecond', () => {
    const all = rests(new Pace(LARGE_BYTES), ['t'], MIB, 20);
    expect(all.slice(0, 3)).toEqual([0, 0, 0]);
    expect(all.slice(4)).toEqual(Array(16).fill(64));
  });

  it('is the same for what is many times smaller', () => {
    const sum = (times: readonly number[]): number => times.reduce((total, each) => total + each, 0);
    expect(sum(rests(new Pace(LARGE_BYTES), ['t'], MIB / 8, 160))).toBe(
      sum(rests(new Pace(LARGE_BYTES), ['t'], MIB, 20)),
    );
  });

  it('is bounded for all tenants together', () => {
    const tenants = Array.from({ length: 100 }, (_, n) => `t${n}`);
    expect(rests(new Pace(LARGE_BYTES), tenants, MIB, 60).slice(20)).toEqual(Array(40).fill(32));
  });

  it('asks nothing of who alters something large now and then', () => {
    const pace = new Pace(LARGE_BYTES);
    for (let now = 0; now < 60_000; now += 100) expect(pace.charge('t', MIB, now)).toBeLessThanOrEqual(now);
  });
});
