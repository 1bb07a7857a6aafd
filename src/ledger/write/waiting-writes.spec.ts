import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ORIGIN, update } from '../../../test/support/ledger/ledger.js';
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
