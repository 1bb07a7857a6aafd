import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import { HELD_MS } from '../ledger/write/held-refusals.js';
import type { AtomeError } from '../protocol/index.js';
import { IN_TURN, LATE_MS, RequestTurns, STANDING_AFTER_MS } from './request-turns.js';

describe('the turns of calls', () => {
  let turns: RequestTurns;
  let begun: string[];
  let refused: AtomeError[];
  const warned: string[] = [];
  let now: number;
  beforeEach(() => {
    turns = new RequestTurns({ warn: (cause) => void warned.push(cause) });
    [begun, refused, now] = [[], [], 1];
    warned.length = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    turns.end();
    jest.restoreAllMocks();
  });

  function ask(tenant: string, count: number, id = 'somebody'): void {
    // those of the test before may still come
    const into = begun;
    for (let n = 0; n < count; n += 1) {
      turns.enter({ tenant, id }, (refusal) => {
        if (refusal) refused.push(refusal);
        else into.push(tenant);
      });
    }
  }

  it('let what is little begin at once', () => {
    ask('t', IN_TURN.first);
    expect(begun).toHaveLength(IN_TURN.first);
  });

  it('let more begin in the turns after', async () => {
    ask('t', 2 * IN_TURN.first + 1);
    expect(begun).toHaveLength(IN_TURN.first);
    await turn();
    expect(begun.length).toBeGreaterThan(IN_TURN.first);
    while (begun.length < 2 * IN_TURN.first + 1) await turn();
    expect(refused).toEqual([]);
  });

  it('let fewer begin in one where each takes long', async () => {
    ask('t', IN_TURN.first);
    for (let n = 0; n < 50; n += 1) {
      now += 1_000;
      await turn();
      ask('t', IN_TURN.least);
    }
    await turn();
    const { length } = begun;
    ask('t', IN_TURN.most);
    expect(begun.length - length).toBe(IN_TURN.least);
  });

  it('stand for tenants one after the other, however much one of them asks', async () => {
    ask('greedy', 1_000);
    ask('modest', 1);
    await turn();
    expect(begun.slice(IN_TURN.first, IN_TURN.first + 2)).toContain('modest');
  });

  it('refuse late what waits for long where more has come than can begin for long, and tell of it', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    const flood = async (): Promise<void> => {
      ask('greedy', IN_TURN.most * 4, ANONYMOUS.id);
      now += 2 * LATE_MS;
      await turn();
    };
    for (let ms = 0; ms + 2 * LATE_MS < STANDING_AFTER_MS; ms += 2 * LATE_MS) await flood();
    expect(warned).toEqual([]);
    await flood();
    expect(warned).toContain('calls');
    expect(refused).toEqual([]);
    await jest.advanceTimersByTimeAsync(HELD_MS);
    expect(refused[0]).toMatchObject({ code: 'unavailable', details: { retryAfter: 1_000 } });
    jest.useRealTimers();
  });

  it('are never refused to who asks for little', async () => {
    for (let ms = 0; ms <= 2 * STANDING_AFTER_MS; ms += 2 * LATE_MS) {
      ask('t', IN_TURN.most * 4, 'greedy');
      now += 2 * LATE_MS;
      await turn();
    }
    const answered: unknown[] = [];
    turns.enter({ tenant: 't', id: 'modest' }, (refusal) => answered.push(refusal));
    now += 2 * LATE_MS;
    await turn();
    expect(answered).toEqual([undefined]);
  });
});
