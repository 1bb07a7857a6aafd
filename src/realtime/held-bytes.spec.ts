import { beforeEach, describe, expect, it } from '@jest/globals';
import { HeldBytes } from './held-bytes.js';

describe('the bytes of a message that is not whole', () => {
  let charged: Map<string, number>;
  let caller: string;
  let excesses: string[];
  let held: HeldBytes;
  beforeEach(() => {
    charged = new Map();
    caller = 'socket 1';
    excesses = [];
    const add = (to: string, bytes: number): void => void charged.set(to, (charged.get(to) ?? 0) + bytes);
    const budget = {
      hold: add,
      release: (by: string, bytes: number) => add(by, -bytes),
      excess: (by: string) => (charged.get(by)! > 100 ? 'too much' : undefined),
    };
    held = new HeldBytes({ budget, caller: () => caller, onExcess: (why) => excesses.push(why) });
  });

  it('are charged as they come, each once, and given back together', () => {
    held.growTo(40);
    held.growTo(70);
    held.growTo(70);
    expect([...charged]).toEqual([['socket 1', 70]]);
    held.release();
    held.release();
    expect([...charged]).toEqual([['socket 1', 0]]);
  });

  it('are charged to whoever sent the first of them, though they are known by another name since', () => {
    held.growTo(40);
    caller = 'acme alice';
    held.growTo(60);
    expect([...charged]).toEqual([['socket 1', 60]]);
    held.release();
    held.growTo(10);
    expect([...charged]).toEqual([
      ['socket 1', 0],
      ['acme alice', 10],
    ]);
  });

  it('are told of where they are too many', () => {
    held.growTo(100);
    expect(excesses).toEqual([]);
    held.growTo(101);
    expect(excesses).toEqual(['too much']);
  });
});
