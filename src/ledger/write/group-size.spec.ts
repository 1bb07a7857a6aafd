import { describe, expect, it } from '@jest/globals';
import { restAfter } from './group-size.js';

const MIB = 1024 * 1024;

describe('the rest after a group', () => {
  it.each([
    ['that was soon decided', 25, MIB, 0, 0],
    ['of many small atomes: as long as it took, by all', 80, MIB / 8, 80, 0],
    ['of large atomes that did not take much longer: as long', 45, MIB, 45, 0],
    ['of large atomes: twenty times as long, by those who altered them', 60, MIB / 2, 0, 1_200],
    ['that took very long: no longer than a while', 5_000, 0, 250, 0],
    ['of the largest: no longer than two seconds', 5_000, MIB, 0, 2_000],
  ])('%s', (_what, heldMs, largeBytes, all, large) => {
    expect(restAfter({ heldMs, largeBytes })).toEqual({ all, large });
  });
});
