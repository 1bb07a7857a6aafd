import { describe, expect, it, jest } from '@jest/globals';
import { CostLimiter } from './cost-limiter.js';

const ann = { id: 'ann', tenant: 'acme', roles: ['reader'] as const };
const bob = { ...ann, id: 'bob' };
const eve = { ...ann, tenant: 'other' };

describe('what messages cost', () => {
  /** A principal may spend 20 at once and 5 a second; a tenant 500 at once and 50 a second. */
  function limiter() {
    const clock = { now: 0 };
    const warn = jest.fn();
    return {
      clock,
      warn,
      costs: new CostLimiter({ messagesPerSecond: 1, messageBurst: 1 }, { warn }, () => clock.now),
    };
  }
  const spend = (costs: CostLimiter, who: typeof ann, times: number, cost: number): number[] =>
    Array.from({ length: times }, () => costs.charge(who, cost));

  it('is waited for when the principal has spent what it may at once, over all of its connections', () => {
    const { costs, clock } = limiter();
    expect(spend(costs, ann, 3, 10)).toEqual([0, 0, 2_000]);
    expect(costs.charge(bob, 10)).toBe(0);
    clock.now += 4_000;
    expect(costs.charge(ann, 10)).toBe(0);
  });

  it('is refused with a time when the wait would be too long, and is not charged then', () => {
    const { costs, clock, warn } = limiter();
    spend(costs, ann, 4, 10);
    for (let i = 0; i < 1_000; i += 1) {
      expect(() => costs.charge(ann, 10)).toThrow(
        expect.objectContaining({ code: 'rate_limited', details: { retryAfter: 6_000 } }),
      );
    }
    expect(warn).toHaveBeenCalledWith('cost', expect.stringContaining('MESSAGES_PER_SECOND'));
    clock.now += 6_000;
    expect(costs.charge(ann, 10)).toBe(0);
  });

  it('is bounded for a tenant, whoever of it spends, and not for another', () => {
    const { costs } = limiter();
    for (let i = 0; i < 25; i += 1) spend(costs, { ...ann, id: `ann-${i}` }, 2, 10);
    expect(costs.charge(bob, 10)).toBe(200);
    expect(costs.charge(eve, 10)).toBe(0);
  });
});
