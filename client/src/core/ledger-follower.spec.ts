import { describe, expect, it } from '@jest/globals';
import type { AtomeEvent, RangeFrame, Subscribed, SyncReset } from '../../../src/protocol/index.js';
import { follow, type Following } from './ledger-follower.js';

const event = (seq: number): AtomeEvent => ({ type: 'atome:left', atomeId: 'a', reason: 'filter', seq });
const frame = (from: number, to: number, ...seqs: number[]): RangeFrame => ({
  type: 'events',
  from,
  to,
  hash: `hash-${to}`,
  events: seqs.map(event),
});
const subscribed = (from: number, rights?: string): Subscribed => ({
  type: 'subscribed',
  epoch: 'e',
  from,
  head: from,
  ...(rights !== undefined && { rights }),
});
const RESET: SyncReset = { type: 'sync:reset', reason: 'epoch', epoch: 'f', head: 2 };
const LIVE = { type: 'sync:live', seq: 9 } as const;

const at = (seq: number): Following => follow({}, subscribed(seq)).now;

describe('following a ledger', () => {
  it('begins where the first subscription begins, and keeps its cursor when subscribed again', () => {
    expect(at(5).cursor).toEqual({ epoch: 'e', seq: 5 });
    expect(follow(at(5), subscribed(9)).now.cursor).toEqual({ epoch: 'e', seq: 5 });
  });

  it('gives what is new, drops what is known, and says when something is missing', () => {
    const first = follow(at(5), frame(5, 7, 6));
    expect(first.events).toEqual([event(6)]);
    expect(follow(first.now, frame(5, 7, 6))).toEqual({ now: first.now });
    const second = follow(first.now, frame(6, 9, 7, 8, 9));
    expect(second.events).toEqual([event(8), event(9)]);
    expect(follow(second.now, frame(10, 11, 11))).toEqual({ now: second.now, again: true });
    expect(follow(second.now, frame(9, 20)).now.cursor).toEqual({ epoch: 'e', seq: 20, hash: 'hash-20' });
  });

  it('takes nothing before it is subscribed', () => {
    expect(follow({}, frame(0, 1, 1))).toEqual({ now: {} });
  });

  it('goes on from the head of the ledger that it is reset to, where it keeps nothing', () => {
    expect(follow(at(5), RESET)).toEqual({ now: { cursor: { epoch: 'f', seq: 2 } }, again: true });
  });

  it('tells a replay over several subscriptions, and when it is complete', () => {
    let now: Following = { replay: true };
    now = follow(now, subscribed(0)).now;
    const first = follow(now, frame(0, 4, 2, 4));
    expect(first.events).toEqual([event(2), event(4)]);
    now = first.now;
    now = follow(now, subscribed(4)).now;
    const last = follow(now, frame(4, 9, 9));
    expect(last).toMatchObject({ events: [event(9)], now: { replay: true } });
    const { now: live, whole } = follow(last.now, LIVE);
    expect(whole).toBe(true);
    expect(live.replay).toBeUndefined();
    expect(follow(live, frame(9, 10, 10)).events).toEqual([event(10)]);
    expect(follow(live, LIVE)).toEqual({ now: live });
  });

  it('replays from the beginning after a reset, where it keeps what it is told', () => {
    expect(follow(at(5), RESET, true)).toEqual({ now: { replay: true }, again: true });
  });

  it('proves its place with the rights of the newest subscription, from the next frame on', () => {
    const now = follow(
      follow({ cursor: { epoch: 'e', seq: 5, rights: 'old' } }, subscribed(5, 'new')).now,
      frame(5, 6),
    );
    expect(now.now.cursor).toEqual({ epoch: 'e', seq: 6, hash: 'hash-6', rights: 'new' });
  });

  it('changes no state that it was given', () => {
    const before = Object.freeze({ cursor: Object.freeze({ epoch: 'e', seq: 0 }), replay: true as const });
    follow(before, frame(0, 1, 1));
    follow(before, LIVE);
    follow(before, RESET, true);
    expect(before).toEqual({ cursor: { epoch: 'e', seq: 0 }, replay: true });
  });
});
