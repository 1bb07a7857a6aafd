import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { by } from '../../../test/support/ledger/ledger.js';
import type { AtomeError } from '../../protocol/index.js';
import {
  Admission,
  BURST,
  MAX_APART_GROUPS,
  MAX_WAITING,
  RESERVE,
  STANDING,
  STANDING_AFTER_MS,
  type SubmittedWrite,
} from './admission.js';
import { MAX_CHARS, MAX_WRITES } from './group-size.js';
import { HELD_MS } from './held-refusals.js';
import { NO_QUOTAS } from './quotas.js';

const FEW = BURST.groups * MAX_WRITES;
const CHANGE: SubmittedWrite = { mutation: { operation: 'update', changes: {} }, origin: by('somebody') };
const takesAway = (id: string): SubmittedWrite => ({
  mutation: { operation: 'share', changes: { access: 'private' } },
  origin: by(id),
});

describe('the admission of writes', () => {
  let admission: Admission;
  const told: string[] = [];
  let now: number;
  beforeEach(() => {
    told.length = 0;
    now = 0;
    admission = new Admission({ quotas: NO_QUOTAS, onRefused: (cause) => void told.push(cause) }, () => now);
  });
  afterEach(() => admission.close());

  /** @returns how many got in, and what the first one was refused with that did not. */
  function enter(
    tenant: string,
    count: number,
    chars = 100,
    write = CHANGE,
  ): { entered: number; refusal?: AtomeError } {
    for (let entered = 0; entered < count; entered += 1) {
      try {
        admission.enter(tenant, chars, [write]);
      } catch (refusal) {
        return { entered, refusal: refusal as AtomeError };
      }
    }
    return { entered: count };
  }

  const decide = (tenant: string, count: number, tookMs: number, chars = 100): void =>
    admission.leave(tenant, { writes: Array.from({ length: count }, () => ({ chars })), tookMs });

  /** Groups of a tenant have taken so long. */
  function took(tenant: string, tookMs: number): void {
    for (let n = 0; n < 20; n += 1) {
      enter(tenant, 1);
      decide(tenant, 1, tookMs);
    }
  }

  it('lets a few groups wait, however slow the database is', () => {
    took('t', 2_000);
    const { entered, refusal } = enter('t', FEW + 1);
    expect(entered).toBe(FEW);
    // it is worth trying again when those before it are decided
    expect(refusal).toMatchObject({ code: 'unavailable', details: { retryAfter: 10_000 } });
    expect(told).toEqual(['writes']);
  });

  it('lets as many wait as are decided in time where the database is fast', () => {
    took('t', 10);
    const { entered, refusal } = enter('t', MAX_WAITING.tenant);
    expect(entered).toBeGreaterThan(FEW);
    expect(entered).toBeLessThanOrEqual((BURST.ms / 10 + 1) * MAX_WRITES);
    expect(refusal).toMatchObject({ details: { retryAfter: 1_000 } });
  });

  it('lets less of it wait where more comes than is decided, until that is over', () => {
    const most = (): number => enter('t', 2 * FEW).entered;
    took('t', 100);
    expect(most()).toBe(FEW);
    now += STANDING_AFTER_MS;
    decide('t', FEW - STANDING.groups * MAX_WRITES, 100);
    expect(most()).toBe(0);
    decide('t', MAX_WRITES, 100);
    expect(most()).toBe(MAX_WRITES);
    decide('t', STANDING.groups * MAX_WRITES - 1, 100);
    expect(most()).toBe(FEW - 1);
  });

  it('keeps a refusal back for a moment, but not one of the end', async () => {
    jest.useFakeTimers();
    took('t', 2_000);
    enter('t', FEW);
    const settled: string[] = [];
    const refuse = (): void =>
      void admission.admit('t', 100, [CHANGE])!.catch((refusal: unknown) => settled.push(String(refusal)));
    refuse();
    await jest.advanceTimersByTimeAsync(HELD_MS - 1);
    expect(settled).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(settled).toEqual([expect.stringContaining('too many writes wait')]);
    refuse();
    admission.close();
    refuse();
    await jest.advanceTimersByTimeAsync(1);
    expect(settled).toHaveLength(3);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('tells at once what is refused for want of memory: what is held takes more', async () => {
    const memory = { hasRoom: () => false, excess: 'it is full' };
    admission = new Admission({ quotas: NO_QUOTAS, memory }, () => now);
    jest.useFakeTimers();
    const refused = admission.admit('t', 100, [CHANGE]);
    await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('counts large writes as the groups that they make', () => {
    took('t', 500);
    expect(enter('t', FEW, MAX_CHARS / 8).entered).toBe(BURST.groups * 8);
  });

  it('finds out when the database has become slower, or faster', () => {
    took('t', 10);
    took('t', 2_000);
    expect(enter('t', 2 * FEW).entered).toBe(FEW);
    decide('t', FEW, 10);
    took('t', 10);
    expect(enter('t', 2 * FEW).entered).toBe(2 * FEW);
  });

  describe('of those who rest for what they have altered', () => {
    const apart = (count: number, lanes: number, own?: number) => ({
      all: { count, chars: 100 * count },
      lanes,
      ...(own !== undefined && { own: { count: own, chars: 100 * own, restMs: 3_000 } }),
    });

    it('lets others in, whatever waits for the end of a rest', () => {
      took('t', 2_000);
      enter('t', FEW);
      expect(() => admission.enter('t', 100, [CHANGE])).toThrow();
      admission.enter('t', 100, [CHANGE], apart(FEW, 1));
      now += STANDING_AFTER_MS;
      admission.leave('t', { writes: [{ chars: 100 }], tookMs: 2_000, apart: apart(FEW, 1).all });
      // nothing has stood before them
      for (let n = 0; n < FEW; n += 1) admission.enter('t', 100, [CHANGE], apart(FEW, 1));
      expect(() => admission.enter('t', 100, [CHANGE], apart(FEW, 1))).toThrow();
    });

    it('lets each have a share wait, whatever waits of others', () => {
      took('t', 2_000);
      const most = MAX_APART_GROUPS * MAX_WRITES;
      enter('t', FEW);
      admission.enter('t', 100, [CHANGE], apart(most - 1, 1, most - 1));
      expect(() => admission.enter('t', 100, [CHANGE], apart(most, 1, most))).toThrow(
        expect.objectContaining({ code: 'unavailable', details: { retryAfter: 3_000 } }),
      );
      admission.enter('t', 100, [CHANGE], apart(most + 10, 2, 10));
      expect(() => admission.enter('t', 100, [CHANGE], apart(most, 2, most / 2))).toThrow();
      expect(() => admission.enter('t', 100, [CHANGE], apart(MAX_WAITING.tenant, 10_000, 0))).toThrow();
    });
  });

  it('knows of one tenant what it has learnt of another, and keeps none of them out for it', () => {
    took('slow', 2_000);
    enter('slow', FEW);
    expect(enter('slow', 1).entered).toBe(0);
    expect(enter('other', FEW + 1).entered).toBe(FEW);
  });

  it('keeps nobody out who has no more than a share of all', () => {
    for (let n = 0; n < MAX_WAITING.all / MAX_WAITING.tenant; n += 1) enter(`greedy-${n}`, MAX_WAITING.tenant);
    expect(enter('greedy-0', 1).refusal).toMatchObject({ code: 'unavailable' });
    expect(enter('modest', 1_000).entered).toBe(1_000);
    expect(enter('modest', MAX_WAITING.tenant).refusal).toBeDefined();
  });

  it('lets in what may take rights away, however much others have sent, and says no word of it', () => {
    took('t', 2_000);
    enter('t', FEW);
    expect(enter('t', RESERVE.writeBurst, 100, takesAway('ann')).entered).toBe(RESERVE.writeBurst);
    expect(told).toEqual([]);
    // neither a flood of them nor another's
    expect(enter('t', 1, 100, takesAway('ann')).refusal).toMatchObject({ code: 'unavailable' });
    expect(enter('t', 1, 100, takesAway('bob')).entered).toBe(1);
    expect(enter('t', 1).entered).toBe(0);
  });

  it('takes of that reserve only where it is needed', () => {
    took('t', 2_000);
    enter('t', FEW, 100, takesAway('ann'));
    expect(enter('t', 2 * RESERVE.writeBurst, 100, takesAway('ann')).entered).toBe(RESERVE.writeBurst);
  });

  it('counts what came in by the reserve in the rate of the tenant', () => {
    admission = new Admission({ quotas: { ...NO_QUOTAS, writesPerSecond: 10, writeBurst: 2 } }, () => 0);
    enter('t', 2);
    expect(enter('t', 5, 100, takesAway('ann')).entered).toBe(5);
    expect(enter('t', 1).refusal).toMatchObject({ code: 'rate_limited', details: { retryAfter: 600 } });
  });

  it('counts bytes, and none of what has been decided', () => {
    enter('t', 3, 1_000);
    expect(admission.bytes).toBeGreaterThanOrEqual(3_000);
    decide('t', 3, 10, 1_000);
    expect(admission.bytes).toBe(0);
  });
});
