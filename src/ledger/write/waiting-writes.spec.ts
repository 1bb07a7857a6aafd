import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ORIGIN, update } from '../../../test/support/ledger/ledger.js';
import fc from '../../../test/support/properties.js';
import { MAX_WRITES } from './group-size.js';
import { WaitingWrites, type QueuedWrite } from './waiting-writes.js';

describe('WaitingWrites', () => {
  let waiting: WaitingWrites;
  let now: number;
  beforeEach(() => {
    now = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    waiting = new WaitingWrites();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const settle = { resolve: () => undefined, reject: () => undefined };
  const write = (name: string, atomic = 0): QueuedWrite => {
    const origin = { ...ORIGIN, principal: { ...ORIGIN.principal, id: name[0]! } };
    return { mutation: update(name, {}), origin, chars: 2, atomic, cameAt: 0, ...settle };
  };
  const push = (...names: string[]): void => names.forEach((name) => waiting.push(write(name)));
  const taken = (): string[] => waiting.take().map(({ mutation }) => mutation.atomeId);

  it('hands over all in their order', () => {
    push('a1', 'b1', 'a2');
    expect(taken()).toEqual(['a1', 'b1', 'a2']);
    expect(waiting.isEmpty).toBe(true);
  });

  it('has those of principals who rest wait behind those of others, each in their order', () => {
    push('a1', 'a2', 'b1', 'a3');
    const group = waiting.take();
    waiting.rest(['a'], now + 100);
    push('a4', 'b2');
    waiting.putBack(group.slice(1));
    expect(taken()).toEqual(['b1', 'b2']);
    expect(taken()).toEqual([]);
    push('b3');
    now += 100;
    expect(taken()).toEqual(['b3', 'a2', 'a3', 'a4']);
  });

  it('has those go behind others who need not rest any more', () => {
    push('a1', 'a2', 'b1', 'a3');
    const group = waiting.take();
    waiting.rest(['a'], now);
    push('b2');
    waiting.putBack(group.slice(1));
    expect(taken()).toEqual(['b1', 'b2', 'a2', 'a3']);
  });

  it('has each rest until their own end', () => {
    waiting.rest(['a'], now + 100);
    waiting.rest(['b'], now + 200);
    push('b1', 'a1');
    now += 100;
    expect(taken()).toEqual(['a1']);
    expect(taken()).toEqual([]);
    now += 100;
    expect(taken()).toEqual(['b1']);
  });

  it('says what waits apart, and what of it is of one who rests', () => {
    push('a1', 'b1');
    expect(waiting.apartOf('a')).toBeUndefined();
    waiting.rest(['a', 'c'], now + 100);
    push('a2', 'b2');
    const all = { count: 2, chars: 4 };
    expect(waiting.apartOf('a')).toEqual({ all, lanes: 1, own: { ...all, restMs: 100 } });
    expect(waiting.apartOf('b')).toEqual({ all, lanes: 1 });
    expect(waiting.apartOf('c')).toEqual({ all, lanes: 1, own: { count: 0, chars: 0, restMs: 100 } });
    now += 100;
    expect(taken()).toEqual(['b1', 'b2', 'a1', 'a2']);
    expect(waiting.apartOf('a')).toBeUndefined();
  });

  it('lets no more of those who have rested stand before others than fill a group up, or one of each', () => {
    waiting.rest(['a', 'c'], now + 100);
    for (let n = 0; n < MAX_WRITES; n += 1) push(`a${n}`, `c${n}`);
    push('b1');
    now += 100;
    const group = taken();
    for (const id of ['a', 'c']) expect(group.filter((name) => name.startsWith(id))).toHaveLength(MAX_WRITES / 2 - 1);
    for (let n = 0; n < MAX_WRITES; n += 1) push(`b${n}`);
    expect(waiting.apartOf()!.all.count).toBe(MAX_WRITES + 2);
    expect(taken().every((name) => name.startsWith('b'))).toBe(true);
    expect(taken().slice(0, 2)).toEqual([`a${MAX_WRITES / 2 - 1}`, `c${MAX_WRITES / 2 - 1}`]);
  });

  it('starts each write once and in its order, and has none wait whose principal does not rest', () => {
    const principal = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ push: principal, atomic: fc.nat(3) }) },
      {
        weight: 3,
        arbitrary: fc.record({ decided: fc.integer({ min: 1, max: 5 }), restMs: fc.integer({ min: -50, max: 100 }) }),
      },
      fc.record({ advance: fc.integer({ min: 1, max: 150 }) }),
      fc.constant('endRest' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        waiting = new WaitingWrites();
        const open = new Map<string, string[]>(['a', 'b', 'c'].map((id) => [id, []]));
        const until = new Map<string, number>();
        let count = 0;
        const take = (most: number, restMs?: number): number => {
          const group = waiting.take();
          const done = group[0]?.atomic ? group : group.slice(0, most);
          for (const { mutation, origin } of done)
            expect(open.get(origin.principal.id)!.shift()).toBe(mutation.atomeId);
          const resting = new Set(done.map(({ origin }) => origin.principal.id));
          if (restMs !== undefined && group.length > 0) {
            waiting.rest(resting, now + restMs);
            for (const id of resting) until.set(id, Math.max(until.get(id) ?? 0, now + restMs));
          }
          waiting.putBack(group.slice(done.length));
          if (group.length === 0)
            for (const [id, writes] of open) expect(writes.length === 0 || until.get(id)! > now).toBe(true);
          return group.length;
        };
        for (const each of steps) {
          if (each === 'endRest') {
            waiting.endRest();
            until.clear();
          } else if ('push' in each) {
            for (let left = each.atomic || 1; left > 0; left -= 1) {
              const name = `${each.push}${(count += 1)}`;
              open.get(each.push)!.push(name);
              waiting.push(write(name, each.atomic && left));
            }
          } else if ('advance' in each) now += each.advance;
          else take(each.decided, each.restMs);
          const own = [...open.keys()].map((id) => waiting.apartOf(id)?.own).filter((load) => load !== undefined);
          const sum = own.reduce((total, load) => total + load.count, 0);
          expect(waiting.apartOf()?.all ?? { count: 0, chars: 0 }).toEqual({ count: sum, chars: 2 * sum });
          expect(waiting.apartOf()?.lanes ?? 0).toBe(own.filter((load) => load.count > 0).length);
        }
        now += 1_000;
        while (take(MAX_WRITES) > 0);
        expect([...open.values()]).toEqual([[], [], []]);
        expect(waiting.isEmpty).toBe(true);
      }),
    );
  });

  it('is not over as long as somebody rests, whatever waits', () => {
    push('a1');
    taken();
    waiting.rest(['a'], now + 100);
    expect(waiting.isEmpty).toBe(false);
    now += 100;
    expect(taken()).toEqual([]);
    expect(waiting.isEmpty).toBe(true);
  });

  it('keeps those together that are written all or none', () => {
    [write('b1'), write('a1', 2), write('a2', 1), write('b2')].forEach((each) => waiting.push(each));
    waiting.rest(['b'], now + 100);
    expect(taken()).toEqual(['a1', 'a2']);
    waiting.endRest();
    expect(taken()).toEqual(['b1', 'b2']);
  });

  it('tells whoever waits for that when a principal rests no more, or nobody does', async () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    const told: string[] = [];
    const tell = (id: string): Promise<void> => waiting.rested(id).then(() => void told.push(id));
    waiting.rest(['a'], now + 150);
    waiting.rest(['b'], now + 3_600_000);
    void tell('a');
    const last = tell('b');
    await tell('c');
    now += 149;
    await jest.advanceTimersByTimeAsync(149);
    expect(told).toEqual(['c']);
    now += 1;
    await jest.advanceTimersByTimeAsync(100);
    expect(told).toEqual(['c', 'a']);
    waiting.endRest();
    await jest.advanceTimersByTimeAsync(100);
    await last;
    jest.useRealTimers();
  });

  it('tells when there is something of somebody who does not rest, or nobody rests any more', async () => {
    push('a1');
    waiting.rest(['a'], now + 3_600_000);
    const told = waiting.someReady();
    push('a2', 'b1');
    await told;
    expect(taken()).toEqual(['b1']);
    const ended = waiting.someReady();
    waiting.endRest();
    await ended;
    expect(taken()).toEqual(['a1', 'a2']);
  });
});
