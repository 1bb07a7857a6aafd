import { beforeEach, describe, expect, it } from '@jest/globals';
import type { StateListener } from '../bus/others-state.js';
import { SharedState } from '../bus/shared-state.js';
import { WritesElsewhere } from './writes-elsewhere.js';

describe('writes at other servers', () => {
  let charged: [string, number][];
  let now: number;
  beforeEach(() => {
    charged = [];
    now = 0;
  });

  function listening(shared: Pick<SharedState, 'set' | 'onChange'>): WritesElsewhere {
    const writes = new WritesElsewhere(shared, { writesPerSecond: 10, writeBurst: 100 }, () => now);
    writes.onWrites((tenant, count) => charged.push([tenant, count]));
    return writes;
  }

  /** Tells how often another server has written, since when. */
  function teller(state: SharedState): (revision: number, count: number, since?: number) => void {
    return (revision, count, since = 0) => {
      const entries = [['writes acme', JSON.stringify([count, since])]] as const;
      state.others.heard('there', { revision, whole: 'both', entries });
    };
  }

  it('are charged once, however often all that there is is told again', () => {
    const state = new SharedState(() => true);
    listening(state);
    const tell = teller(state);
    tell(1, 5);
    tell(2, 5);
    state.others.forget('there');
    tell(3, 7);
    expect(charged).toEqual([
      ['acme', 5],
      ['acme', 2],
    ]);
    state.own.stop();
  });

  it('of before a server was heard are charged as far as they are not paid off, and of after a rest anew', () => {
    const state = new SharedState(() => true);
    listening(state);
    const tell = teller(state);
    now = 20_000;
    tell(1, 150);
    tell(2, 5_000);
    now = 30_000;
    tell(3, 30, 29_000);
    expect(charged.map(([, count]) => count)).toEqual([4_850, 20]);
    tell(4, 5_000, 29_500);
    expect(charged.at(-1)).toEqual(['acme', 100]);
    state.own.stop();
  });

  it('are told as a sum for each tenant, for as long as it writes', () => {
    const kept = new Map<string, unknown>();
    const shared = {
      set: (key: string, value: unknown): void => {
        if (value === null) kept.delete(key);
        else kept.set(key, value);
      },
      onChange: (_listener: StateListener): void => undefined,
    };
    const writes = listening(shared);
    writes.wrote('acme', 2);
    writes.wrote('beta', 1);
    writes.wrote('acme', 3);
    expect([...kept]).toEqual([
      ['writes acme', [5, 0]],
      ['writes beta', [1, 0]],
    ]);
    now = 60_001;
    writes.wrote('beta', 1);
    expect([...kept]).toEqual([['writes beta', [2, 0]]]);
  });
});
