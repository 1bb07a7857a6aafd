import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StoreError, type Fault } from '../store-error.js';
import { StoreFaults } from './store-faults.js';

const BROKEN: Fault = { kind: 'broken', code: 'unavailable', message: 'broken', remedy: 'mend it', isOfTheDisk: true };
const FULL: Fault = { kind: 'full', code: 'storage_full', message: 'full', remedy: 'make room' };

describe('the faults of a store', () => {
  let told: string[];
  let faults: StoreFaults;
  beforeEach(() => {
    jest.useFakeTimers();
    told = [];
    faults = new StoreFaults((kind, line) => told.push(`${kind}: ${line}`));
  });
  afterEach(() => void jest.useRealTimers());

  it('are reported and handed on, and what is none is handed on alone', () => {
    const [fault, other] = [new StoreError(BROKEN), new Error('a bug')];
    expect([faults.reported(fault), faults.refused(other)]).toEqual([fault, other]);
    expect(told).toEqual(['broken: broken: mend it']);
  });

  it('of the disk count for ten seconds, or until something is written', () => {
    const sound = (): boolean => {
      try {
        faults.requireSoundDisk();
        return true;
      } catch {
        return false;
      }
    };
    faults.reported(new StoreError(BROKEN));
    const seen = [sound()];
    faults.overcome();
    seen.push(sound());
    faults.reported(new StoreError(BROKEN));
    jest.advanceTimersByTime(9_999);
    seen.push(sound());
    jest.advanceTimersByTime(1);
    seen.push(sound());
    expect(seen).toEqual([false, true, false, true]);
  });

  it('of a full disk are the writes’ alone where a write has met them', () => {
    faults.reported(new StoreError(FULL));
    expect(faults.ofWrites).toBeUndefined();
    faults.refused(new StoreError(FULL));
    expect(faults.ofWrites).toBe('full; try again');
    faults.overcome();
    expect(faults.ofWrites).toBeUndefined();
  });
});
