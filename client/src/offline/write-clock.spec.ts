import { describe, expect, it } from '@jest/globals';
import { wallOf } from '../../../src/protocol/index.js';
import { createStamps, type Stamps } from './stamps.js';
import { createWriteClock, timeOf, type WriteClock } from './write-clock.js';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

/** A clock that a spec sets. */
function at(start = NOW): { clock: WriteClock; stamps: Stamps; set: (ms: number) => void } {
  let now = start;
  const clock = createWriteClock(() => now);
  return { clock, stamps: createStamps(clock), set: (ms) => (now = ms) };
}

describe('the clock of writes', () => {
  it('gives names that sort as they were given, within a millisecond and when the clock goes back', () => {
    const { clock, set } = at();
    const names = Array.from({ length: 10_000 }, () => clock.name());
    set(NOW - HOUR);
    names.push(clock.name());
    expect([...names].sort()).toEqual(names);
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(timeOf(names[0]!)).toBe(NOW);
  });

  it('gives names behind all that it has met', () => {
    const [{ clock: one }, { clock: two }] = [at(NOW + 5), at(NOW)];
    const met = one.name();
    two.follow(met);
    expect(two.name() > met).toBe(true);
  });

  it('stamps in the time of the server, once that is known', () => {
    const { clock, stamps } = at(NOW + 3 * HOUR);
    const written = clock.name();
    clock.measure(NOW + 200);
    expect(clock.skewMs).toBe(3 * HOUR - 200);
    expect(wallOf(stamps.stamp(written))).toBe(NOW + 200);
  });

  it('takes a small difference for the way of the message, and keeps what it knows', () => {
    const { clock, set } = at();
    clock.measure(NOW - 900);
    expect(clock.skewMs).toBe(0);
    clock.measure(NOW - HOUR);
    clock.measure(NOW - HOUR + 500);
    expect(clock.skewMs).toBe(HOUR);
    set(NOW - HOUR);
    clock.measure(NOW - HOUR);
    expect(clock.skewMs).toBe(0);
  });

  it('stamps later writes later, though the clock was set right between them', () => {
    const { clock, stamps, set } = at(NOW - 3 * HOUR);
    clock.measure(NOW);
    const first = stamps.stamp(clock.name());
    const second = clock.name();
    set(NOW + 1);
    clock.measure(NOW + 1);
    expect(stamps.stamp(second) > first).toBe(true);
  });

  it('stamps what is written after an event later than that', () => {
    const { clock, stamps } = at();
    clock.measure(NOW);
    const hlc = `${String(NOW + 30_000).padStart(15, '0')}-0007-other`;
    clock.saw({ type: 'atome:altered', alteration: { hlc } } as never);
    expect(stamps.stamp(clock.name()) > hlc).toBe(true);
  });

  it('goes on behind the newest stamp of the last start', () => {
    const { clock, stamps } = at();
    const stamp = `${String(NOW + 10).padStart(15, '0')}-0000-self`;
    stamps.follow(stamp);
    expect(stamps.stamp(clock.name()) > stamp).toBe(true);
  });
});
