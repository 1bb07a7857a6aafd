import { describe, expect, it } from '@jest/globals';
import { faultsFrom, type ScheduledFault } from './fault-schedule.js';
import { randomFrom } from './seeded-random.js';

describe('the faults of a bad network', () => {
  const first = (seed: number): ScheduledFault[] => {
    const faults = faultsFrom(randomFrom(seed), 1_000);
    return Array.from({ length: 300 }, () => faults.next().value);
  };

  it('are the same with the same seed, of each kind, and as far apart as was asked', () => {
    const faults = first(7);
    expect(faults).toEqual(first(7));
    expect(faults).not.toEqual(first(8));
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(['cut', 'half-open', 'stall']));
    const mean = faults.reduce((sum, { afterMs }) => sum + afterMs, 0) / faults.length;
    expect(mean).toBeGreaterThan(900);
    expect(mean).toBeLessThan(1_100);
    expect(faults.every(({ kind, ms }) => ms > 0 === (kind === 'stall'))).toBe(true);
  });
});
