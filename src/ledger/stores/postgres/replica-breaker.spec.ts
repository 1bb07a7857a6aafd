import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ReplicaBreaker } from './replica-breaker.js';

describe('the breaker before a replica', () => {
  let told: string[];
  let breaker: ReplicaBreaker;
  beforeEach(() => {
    jest.useFakeTimers();
    told = [];
    breaker = new ReplicaBreaker((why) => told.push(why));
  });
  afterEach(() => void jest.useRealTimers());

  it('lets all reads through while nothing has failed', () => {
    expect([breaker.begin(), breaker.begin(), breaker.fault]).toEqual(['as usual', 'as usual', undefined]);
  });

  it('lets none through for a second when one has failed, and then one at a time', () => {
    breaker.rest('acme', 'it is behind');
    expect([told, breaker.fault, breaker.missed]).toEqual([['it is behind'], 'it is behind', 'acme']);
    jest.advanceTimersByTime(999);
    expect(breaker.begin()).toBeUndefined();
    jest.advanceTimersByTime(1);
    expect([breaker.begin(), breaker.begin()]).toEqual(['as a trial', undefined]);
  });

  it('is as it was when the trial succeeds', () => {
    breaker.rest('acme', 'it is behind');
    jest.advanceTimersByTime(1_000);
    breaker.ended(breaker.begin()!, true);
    expect([breaker.fault, breaker.begin(), breaker.begin()]).toEqual([undefined, 'as usual', 'as usual']);
  });

  it('is tried again, by another, when a trial comes to nothing', () => {
    breaker.rest('acme', 'it is behind');
    jest.advanceTimersByTime(1_000);
    breaker.ended(breaker.begin()!, false);
    expect([breaker.fault, breaker.begin()]).toEqual(['it is behind', 'as a trial']);
  });

  it('keeps back what had begun before somebody else has found out, but no trial', () => {
    const before = breaker.begin()!;
    breaker.rest('acme', 'it is silent');
    breaker.ended(before, true);
    jest.advanceTimersByTime(1_000);
    const trial = breaker.begin()!;
    expect([breaker.isOpenTo(before), breaker.isOpenTo(trial), breaker.fault]).toEqual([false, true, 'it is silent']);
  });
});
