import { beforeEach, describe, expect, it } from '@jest/globals';
import { UnauthenticatedLeases } from './unauthenticated-leases.js';

describe('unauthenticated leases', () => {
  let leases: UnauthenticatedLeases;
  let displaced: string[];
  beforeEach(() => {
    leases = new UnauthenticatedLeases();
    displaced = [];
  });

  const acquire = (name: string, address: string) => {
    const lease = {
      revoke: () => {
        leases.remove(lease, address);
        displaced.push(name);
      },
    };
    leases.add(lease, address);
    return lease;
  };

  it('are displaced from the oldest on, at one address or of all', () => {
    for (const [name, address] of ['1here', '2there', '3here', '4there'].map((each) => [each, each.slice(1)] as const))
      acquire(name, address);
    leases.displaceOldest('there');
    leases.displaceOldest();
    leases.displaceOldest();
    expect(displaced).toEqual(['2there', '1here', '3here']);
    expect([leases.count, leases.isAt('here'), leases.isAt('there')]).toEqual([1, false, true]);
  });

  it('have nobody displaced where there are none', () => {
    leases.displaceOldest();
    leases.displaceOldest('here');
    expect(displaced).toEqual([]);
  });

  it('are removed once, however often that is asked', () => {
    const first = acquire('first', 'here');
    acquire('second', 'here');
    leases.remove(first, 'here');
    leases.remove(first, 'here');
    leases.remove({ revoke: () => undefined }, 'elsewhere');
    expect([leases.count, leases.isAt('here')]).toEqual([1, true]);
  });
});
