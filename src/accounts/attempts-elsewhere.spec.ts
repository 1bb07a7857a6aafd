import { describe, expect, it } from '@jest/globals';
import type { StateListener } from '../bus/others-state.js';
import { SharedState } from '../bus/shared-state.js';
import { AttemptsElsewhere } from './attempts-elsewhere.js';
import { LoginThrottle } from './login-throttle.js';

describe('attempts at other servers', () => {
  it('count once, however often all that there is is told again', () => {
    const state = new SharedState(() => true);
    const throttle = new LoginThrottle();
    new AttemptsElsewhere(state, throttle);
    const other = new LoginThrottle();
    const told: [string, object][] = [];
    other.onReport((report) => told.push([`login ${told.length}`, report]));
    for (let n = 0; n < 3; n += 1) other.begin('alice', 'a').failed();
    const entries = told.map(([key, report]) => [key, JSON.stringify(report)] as const);
    for (let blip = 1; blip <= 5; blip += 1) {
      state.others.heard('there', { revision: blip, whole: 'both', entries });
      state.others.forget('there');
    }
    expect(() => throttle.check('alice', 'a')).not.toThrow();
    for (let n = 0; n < 7; n += 1) throttle.begin('alice', 'a').failed();
    expect(() => throttle.check('alice', 'a')).toThrow('too many attempts');
    state.own.stop();
  });

  it('are told for as long as they count, and no more than others need', () => {
    let now = 0;
    const kept = new Map<string, unknown>();
    const shared = {
      set: (key: string, value: unknown): void => {
        if (value === null) kept.delete(key);
        else kept.set(key, value);
      },
      onChange: (_listener: StateListener): void => undefined,
    };
    const throttle = new LoginThrottle(() => now);
    new AttemptsElsewhere(shared, throttle, () => now);
    for (let n = 0; n < 6_000; n += 1) throttle.begin(`name-${n}`, `address-${n}`).failed();
    expect(kept.size).toBe(5_000);
    now = 16 * 60_000;
    throttle.begin('alice', 'a').failed();
    expect(kept.size).toBe(1);
  });
});
