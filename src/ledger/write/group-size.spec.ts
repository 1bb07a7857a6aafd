import { describe, expect, it } from '@jest/globals';
import { restMs } from './group-size.js';

const MIB = 1024 * 1024;

describe('the rest of a tenant after a group', () => {
  it.each([
    ['that was soon decided', 25, MIB, 0],
    ['of many small atomes: as long as it took', 80, MIB / 8, 80],
    ['of large atomes that did not take much longer: as long', 45, MIB, 45],
    ['of large atomes: twenty times as long', 60, MIB / 2, 1_200],
    ['that took very long: no longer than a while', 5_000, 0, 250],
    ['of the largest: no longer than two seconds', 5_000, MIB, 2_000],
  ])('%s', (_what, heldMs, documentBytes, rest) => {
    expect(restMs({ heldMs, documentBytes })).toBe(rest);
  });
});
