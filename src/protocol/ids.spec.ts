import { describe, expect, it, jest } from '@jest/globals';
import { ID_PATTERN, uuidv7 } from './ids.js';

describe('uuidv7', () => {
  it('has the form of RFC 9562', () => {
    expect(uuidv7()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidv7()).toMatch(ID_PATTERN);
  });

  it('carries the time of RFC 9562, Appendix A.6, in front', () => {
    expect(uuidv7(0x017f22e279b0)).toMatch(/^017f22e2-79b0-7/);
  });

  it('sorts by time', () => {
    const times = [0, 1, 255, 256, 65_536, 1_645_557_742_000, 2 ** 48 - 1];
    const ids = times.map((time) => uuidv7(time));
    expect([...ids].sort()).toEqual(ids);
  });

  it('does not repeat itself within a millisecond', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => uuidv7(1))).size).toBe(10_000);
  });

  it('draws random bytes for many at once', () => {
    const draw = jest.spyOn(crypto, 'getRandomValues');
    for (let i = 0; i < 1_280; i += 1) uuidv7();
    expect(draw.mock.calls.length).toBeLessThanOrEqual(11);
    draw.mockRestore();
  });
});
