import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AtomeError } from '../protocol/index.js';
import { LoginThrottle, type AttemptReport } from './login-throttle.js';

const MINUTE = 60_000;

describe('the throttle of logins', () => {
  let now: number;
  let throttle: LoginThrottle;
  beforeEach(() => {
    now = 0;
    throttle = new LoginThrottle(() => now);
  });

  const fail = (count: number, identifier = 'alice', address: string | ((i: number) => string) = 'a'): void => {
    for (let i = 0; i < count; i += 1) {
      throttle.begin(identifier, typeof address === 'string' ? address : address(i)).failed();
    }
  };
  /** Milliseconds to wait; 0 when it may. */
  const wait = (identifier = 'alice', address = 'a'): unknown => {
    try {
      throttle.check(identifier, address);
      return 0;
    } catch (error) {
      return (error as AtomeError).details?.retryAfter;
    }
  };

  it('refuses the eleventh failure of an address at an account, for 15 minutes after the first', () => {
    fail(5);
    now = MINUTE;
    fail(5);
    expect(() => fail(1)).toThrow('too many attempts');
    expect(wait()).toBe(14 * MINUTE);
    now = 15 * MINUTE;
    expect(wait()).toBe(0);
    fail(5);
    expect(wait()).toBe(MINUTE);
  });

  it('locks out neither the owner elsewhere nor others at the same address', () => {
    fail(10);
    expect([wait('alice', 'b'), wait('bob', 'a')]).toEqual([0, 0]);
  });

  it('forgets failures of an address at an account that it got into', () => {
    fail(9);
    throttle.begin('alice', 'a').succeeded();
    expect(wait()).toBe(0);
    fail(9);
    expect(wait()).toBe(0);
  });

  it('refuses who has logged in three hundred times, from everywhere, and nobody else', () => {
    for (let i = 0; i < 300; i += 1) throttle.begin('alice', `a${i % 7}`).succeeded();
    expect([wait('alice', 'a1'), wait('alice', 'new'), wait('bob', 'a1')]).toEqual([15 * MINUTE, 15 * MINUTE, 0]);
    now = 15 * MINUTE;
    expect(wait()).toBe(0);
  });

  it('refuses an address that fails everywhere, and success there takes nothing back', () => {
    for (let i = 0; i < 99; i += 1) fail(1, `name-${i}`);
    throttle.begin('mallory', 'a').succeeded();
    expect(wait('alice')).toBe(0);
    fail(1, 'name-99');
    expect(wait('alice')).toBe(15 * MINUTE);
    expect(wait('alice', 'b')).toBe(0);
  });

  it('refuses a site of IPv6 whose addresses fail ten times as often as one may, and no other site', () => {
    const at = (i: number): string => `2001:db8:1:${i.toString(16)}::`;
    fail(99, 'alice', at);
    expect(wait('alice', at(100))).toBe(0);
    fail(1, 'alice', at);
    expect(wait('alice', at(100))).toBe(15 * MINUTE);
    expect([wait('bob', at(100)), wait('alice', '2001:db8:2:0::')]).toEqual([0, 0]);
    for (let i = 0; i < 900; i += 1) fail(1, `name-${i}`, () => at(i));
    expect(wait('bob', at(1_000))).toBe(15 * MINUTE);
    expect(wait('bob', '2001:db8:2:0::')).toBe(0);
  });

  it('slows an account that many addresses guess at, and refuses it to nobody', () => {
    fail(99, 'alice', (i) => `address-${i}`);
    expect(throttle.delayOf('alice')).toBe(0);
    fail(50, 'alice', (i) => `other-${i}`);
    expect(throttle.delayOf('alice')).toBe(2_000);
    expect([throttle.delayOf('bob'), wait('alice', 'b')]).toEqual([0, 0]);
    now = 15 * MINUTE;
    expect(throttle.delayOf('alice')).toBe(0);
  });

  it('bounds how many accounts one address makes', () => {
    for (let i = 0; i < 300; i += 1) throttle.register('a');
    expect(() => throttle.register('a')).toThrow('too many attempts');
    throttle.register('b');
  });

  it('bounds how many accounts one site of IPv6 makes', () => {
    for (let i = 0; i < 3_000; i += 1) throttle.register(`2001:db8:1:${i.toString(16)}::`);
    expect(() => throttle.register('2001:db8:1:ffff::')).toThrow('too many attempts');
    throttle.register('2001:db8:2:0::');
  });

  it('counts at other servers what has failed, and not what is still tried or has succeeded', () => {
    const other = new LoginThrottle(() => now);
    throttle.onReport((report) => other.heard(report));
    for (let i = 0; i < 20; i += 1) throttle.begin('bob', 'a').succeeded();
    fail(9);
    throttle.begin('alice', 'a');
    other.begin('alice', 'a').failed();
    expect(() => other.check('alice', 'a')).toThrow('too many attempts');
    expect(() => other.check('bob', 'a')).not.toThrow();
    for (let i = 0; i < 300; i += 1) throttle.register('r');
    expect(() => other.register('r')).toThrow('too many attempts');
  });

  it('forgets at other servers what was wrong before somebody got in', () => {
    const other = new LoginThrottle(() => now);
    throttle.onReport((report) => other.heard(report));
    fail(9);
    throttle.begin('alice', 'a').succeeded();
    now = 1;
    for (let i = 0; i < 9; i += 1) other.begin('alice', 'a').failed();
    expect(() => other.check('alice', 'a')).not.toThrow();
  });

  it('forgets nothing that was wrong later, when it hears late of somebody who got in', () => {
    const other = new LoginThrottle(() => now);
    const reports: AttemptReport[] = [];
    throttle.onReport((report) => reports.push(report));
    throttle.begin('alice', 'a').succeeded();
    now = 1;
    for (let i = 0; i < 10; i += 1) other.begin('alice', 'a').failed();
    reports.forEach((report) => other.heard(report));
    expect(() => other.check('alice', 'a')).toThrow('too many attempts');
  });

  it('tells others no name and no address', () => {
    const reports: unknown[] = [];
    throttle.onReport((report) => reports.push(report));
    throttle.begin('alice@example.org', '192.0.2.7').failed();
    throttle.register('192.0.2.7');
    expect(JSON.stringify(reports)).not.toMatch(/alice|192/);
  });
});
