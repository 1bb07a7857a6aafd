import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import { HELD_MS } from '../ledger/write/held-refusals.js';
import type { AtomeError } from '../protocol/index.js';
import { AT_THE_END, RequestTurns } from './request-turns.js';
import { IN_TURN } from './turn-pace.js';
import { LATE_MS, MANY, MODEST_FOR_ONE, MODEST_LATE_MS, STANDING_AFTER_MS } from './waiting-calls.js';

describe('the turns of calls', () => {
  let turns: RequestTurns;
  let begun: string[];
  let refused: AtomeError[];
  const warned: string[] = [];
  let now: number;
  let costMs: number;
  let underWay: Set<ServerResponse>;
  beforeEach(() => {
    underWay = new Set();
    const drain = {
      track: (answer: ServerResponse) => void underWay.add(answer),
      forget: (answer: ServerResponse) => void underWay.delete(answer),
    };
    turns = new RequestTurns({ warn: (cause) => void warned.push(cause) }, drain);
    [begun, refused, now, costMs] = [[], [], 1, 0];
    warned.length = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    turns.end();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  /** @returns the connection of all of them. */
  function ask(tenant: string, count: number, id = 'somebody'): { destroyed: boolean } {
    // those of the test before may still come
    const [into, socket] = [begun, { destroyed: false }];
    for (let n = 0; n < count; n += 1) {
      turns.enter({ tenant, id }, { closed: false, req: { socket } } as unknown as ServerResponse, (refusal) => {
        now += costMs;
        if (refusal) refused.push(refusal);
        else into.push(tenant);
      });
    }
    return socket;
  }

  /** So much has come, and waited. */
  async function flood(count: number, id: string): Promise<void> {
    ask('t', count, id);
    now += 2 * LATE_MS;
    await turn();
  }

  it('let what is little begin at once', () => {
    ask('t', IN_TURN.first);
    expect(begun).toHaveLength(IN_TURN.first);
    expect(underWay.size).toBe(0);
  });

  it('let more begin in the turns after', async () => {
    ask('t', 2 * IN_TURN.first + 1);
    expect(begun).toHaveLength(IN_TURN.first);
    await turn();
    expect(begun.length).toBeGreaterThan(IN_TURN.first);
    while (begun.length < 2 * IN_TURN.first + 1) await turn();
    expect(refused).toEqual([]);
  });

  /** How many begin in a turn, after many in which each call took so long, and others so long besides. */
  async function learnt(callMs: number, othersMs: number): Promise<number> {
    costMs = callMs;
    let asked = 0;
    const most = MANY.anonymous - IN_TURN.most;
    const askAgain = (): void => {
      const again = most - (asked - begun.length);
      ask('t', again, ANONYMOUS.id);
      asked += again;
    };
    for (let n = 0; n < 100; n += 1) {
      askAgain();
      now += othersMs;
      await turn();
    }
    askAgain();
    const { length } = begun;
    await turn();
    return begun.length - length;
  }

  it('let fewer begin in one where each takes long', async () => {
    expect(await learnt(10, 0)).toBe(IN_TURN.least);
  });

  it('let as many begin in one that is long for other reasons', async () => {
    expect(await learnt(0.01, 50)).toBeGreaterThan(IN_TURN.first);
  });

  it('let fewer begin after turns of few that took long', async () => {
    let asked = 0;
    const askUntilOneWaits = (): void => {
      while (begun.length === asked) {
        ask('t', 1);
        asked += 1;
      }
    };
    for (let n = 0; n < 50; n += 1) {
      costMs = 0;
      askUntilOneWaits();
      costMs = 10;
      await turn();
      await turn();
    }
    askUntilOneWaits();
    const { length } = begun;
    await turn();
    await turn();
    costMs = 0;
    askUntilOneWaits();
    expect(asked - length - 2).toBe(IN_TURN.least);
  });

  it('stand for tenants one after the other, however much one of them asks', async () => {
    ask('greedy', 1_000);
    ask('modest', 1);
    await turn();
    expect(begun.slice(IN_TURN.first, IN_TURN.first + 2)).toContain('modest');
  });

  it('refuse late what waits for long where more has come than can begin for long, and tell of it', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    const many = MANY.anonymous + IN_TURN.most;
    for (let ms = 0; ms + 2 * LATE_MS < STANDING_AFTER_MS; ms += 2 * LATE_MS) await flood(many, ANONYMOUS.id);
    expect(warned).toEqual([]);
    await flood(many, ANONYMOUS.id);
    expect(warned).toContain('calls');
    expect(refused).toEqual([]);
    await jest.advanceTimersByTimeAsync(HELD_MS);
    expect(refused[0]).toMatchObject({ code: 'unavailable', details: { retryAfter: 1_000 } });
  });

  it('are refused to none of some hundreds who are nobody in particular, however slow they are', async () => {
    const clients = 300;
    let asked = clients;
    ask('t', clients, ANONYMOUS.id);
    for (let ms = 0; ms < 4 * STANDING_AFTER_MS; ms += 2 * LATE_MS) {
      now += 2 * LATE_MS;
      await turn();
      // each of them asks again when it is answered
      const again = begun.length - (asked - clients);
      ask('t', again, ANONYMOUS.id);
      asked += again;
    }
    expect(warned).toEqual([]);
  });

  it('are neither used nor made long by those who have gone', async () => {
    ask('t', IN_TURN.first);
    const few = MANY.known - IN_TURN.first;
    ask('t', few, 'in front');
    const gone = ask('t', 4 * MANY.known, 'gone');
    ask('t', 1, 'behind');
    gone.destroyed = true;
    now += STANDING_AFTER_MS + LATE_MS;
    for (let n = 0; n < 20; n += 1) await turn();
    expect(warned).toEqual([]);
    expect(begun).toHaveLength(IN_TURN.first + few + 1);
    expect(underWay.size).toBe(few + 1);
  });

  it('are not refused for long to who asks for little', async () => {
    for (let ms = 0; ms <= 2 * STANDING_AFTER_MS; ms += 2 * LATE_MS) await flood(IN_TURN.most * 4, 'greedy');
    const { length } = begun;
    ask('modest', 1, 'modest');
    now += MODEST_LATE_MS - 1;
    await turn();
    expect(begun.slice(length)).toContain('modest');
  });

  it('are refused to those, too, where there are very many of them', async () => {
    ask('t', IN_TURN.first);
    ask('t', 1, 'modest');
    now += MODEST_LATE_MS;
    await turn();
    expect({ warned, begun: begun.length }).toEqual({ warned: ['calls'], begun: IN_TURN.first });
  });

  it('are left in part to others by those who ask for little', async () => {
    const order: string[] = [];
    const enter = (id: string): void => {
      const answer = { closed: false, req: { socket: {} } } as unknown as ServerResponse;
      turns.enter({ tenant: 't', id }, answer, () => order.push(id));
    };
    for (let n = 0; n < 2 * IN_TURN.first; n += 1) enter(ANONYMOUS.id);
    order.length = 0;
    for (let n = 0; n < 3 * MODEST_FOR_ONE; n += 1) enter(`modest ${n}`);
    await turn();
    expect(order.slice(0, 2 * (MODEST_FOR_ONE + 1)).filter((id) => id === ANONYMOUS.id)).toHaveLength(2);
  });

  it('begin each call in its own context, and are in none themselves', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    let isTurning = false;
    jest.spyOn(performance, 'now').mockImplementation(() => {
      if (isTurning) seen.push(context.getStore());
      return now;
    });
    context.run('first', () => ask('t', IN_TURN.first));
    const own = await new Promise((resolve) => {
      const answer = { closed: false, req: { socket: {} } } as unknown as ServerResponse;
      context.run('second', () => turns.enter({ tenant: 't', id: 'i' }, answer, () => resolve(context.getStore())));
    });
    expect(own).toBe('second');
    await turn();
    context.run('third', () => ask('t', 2 * IN_TURN.most));
    isTurning = true;
    while (begun.length < IN_TURN.first + 2 * IN_TURN.most) await turn();
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('answer all that waits at the end, and have nothing wait from then on', () => {
    ask('t', IN_TURN.first);
    const waiting = AT_THE_END + 5;
    ask('t', waiting);
    expect(underWay.size).toBe(waiting);
    turns.end();
    expect(begun).toHaveLength(IN_TURN.first + AT_THE_END);
    expect(refused.map(({ code }) => code)).toEqual(Array(5).fill('unavailable'));
    ask('t', IN_TURN.most);
    expect(begun).toHaveLength(IN_TURN.first + AT_THE_END + IN_TURN.most);
  });
});
