import { beforeEach, describe, expect, it } from '@jest/globals';
import { Revocations, type Revoked } from './revocations.js';

const MINUTE = 60_000;

describe('the sessions that have ended', () => {
  let now: number;
  let asked: number[];
  let errors: unknown[];
  let answer: () => Promise<Revoked[]>;
  let revocations: Revocations;
  beforeEach(() => {
    now = 100 * MINUTE;
    [asked, errors] = [[], []];
    answer = () => Promise.resolve([]);
    revocations = new Revocations(
      (time) => {
        asked.push(time);
        return answer();
      },
      10 * MINUTE,
      (error) => errors.push(error),
      () => now,
    );
  });

  it('are known at once where they were ended', () => {
    revocations.add('here');
    expect([revocations.has('here'), revocations.has('there')]).toEqual([true, false]);
  });

  it('are asked for from as far back as their tokens may be good, then from where it stopped', async () => {
    answer = () => Promise.resolve([{ id: 'there', revokedAt: now }]);
    await revocations.refresh();
    now += 1_000;
    await revocations.refresh();
    expect(asked).toEqual([89 * MINUTE, 99 * MINUTE]);
    expect(revocations.has('there')).toBe(true);
  });

  it('are asked for again after a failure, which is told once', async () => {
    await revocations.refresh();
    answer = () => Promise.reject(new Error('gone'));
    for (let i = 0; i < 5; i += 1) {
      now += MINUTE;
      await revocations.refresh();
    }
    answer = () => Promise.resolve([]);
    await revocations.refresh();
    expect(asked.slice(-2)).toEqual([99 * MINUTE, 99 * MINUTE]);
    expect(errors).toHaveLength(1);
  });

  it('are not asked for twice at once', async () => {
    await Promise.all([revocations.refresh(), revocations.refresh()]);
    expect(asked).toHaveLength(1);
  });

  it('are forgotten when no token of theirs can be good', async () => {
    revocations.add('here');
    now += 11 * MINUTE;
    await revocations.refresh();
    expect(revocations.has('here')).toBe(true);
    now += 2 * MINUTE;
    await revocations.refresh();
    expect(revocations.has('here')).toBe(false);
  });
});
