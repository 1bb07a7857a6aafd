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
    const all = rests(new Pace(LARGE_BYTES), tenants, MIB, 100).slice(20);
    expect(all.reduce((sum, each) => sum + each, 0) / all.length).toBeCloseTo(32, -1);
  });

  it('is what a tenant does itself, and how many others do it, but not how much they do', () => {
    const pace = new Pace({ ...LARGE_BYTES, aheadMs: 0 });
    for (let n = 0; n < 1_000; n += 1) pace.charge('greedy', MIB, 1_000);
    expect(pace.charge('t', MIB, 1_000)).toBe(1_064);
    expect(pace.charge('u', MIB, 1_000)).toBe(1_096);
  });

  it('has nobody wait longer than it says', () => {
    const pace = new Pace({ ...LARGE_BYTES, aheadMs: 0, mostMs: 5_000 });
    for (let n = 0; n < 1_000; n += 1) pace.charge('t', MIB, 1_000);
    expect(pace.charge('t', MIB, 1_000)).toBe(6_000);
  });

  it('asks nothing of who alters something large now and then', () => {
    const pace = new Pace(LARGE_BYTES);
    for (let now = 0; now < 60_000; now += 100) expect(pace.charge('t', MIB, now)).toBeLessThanOrEqual(now);
  });
});
