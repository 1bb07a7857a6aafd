import { describe, expect, it } from '@jest/globals';
import type { AtomeEvent, RangeFrame } from '../../../src/protocol/index.js';
import { RangeReader } from './range-reader.js';

const event = (seq: number): AtomeEvent => ({ type: 'atome:left', atomeId: 'a', reason: 'filter', seq });
const frame = (from: number, to: number, ...seqs: number[]): RangeFrame => ({
  type: 'events',
  from,
  to,
  hash: `hash-${to}`,
  events: seqs.map(event),
});
const subscribed = (from: number) => ({ type: 'subscribed', epoch: 'e', from, head: from }) as const;

describe('RangeReader', () => {
  it('asks for all from now on, and later for all after its cursor', () => {
    const reader = new RangeReader({ kinds: ['note'] });
    expect(JSON.parse(JSON.stringify(reader.subscription()))).toEqual({ type: 'subscribe', kinds: ['note'] });

    reader.subscribed(subscribed(5));
    reader.read(frame(5, 8, 6, 8));

    expect(reader.subscription()).toEqual({
      type: 'subscribe',
      epoch: 'e',
      since: 8,
      hash: 'hash-8',
      kinds: ['note'],
    });
  });

  it('gives what is new, drops what is known, and says when something is missing', () => {
    const reader = new RangeReader({});
    expect(reader.read(frame(0, 1, 1))).toBeUndefined();
    reader.subscribed(subscribed(5));

    expect(reader.read(frame(5, 7, 6))).toEqual([event(6)]);
    expect(reader.read(frame(5, 7, 6))).toEqual([]);
    expect(reader.read(frame(6, 9, 7, 8, 9))).toEqual([event(8), event(9)]);
    expect(reader.read(frame(10, 11, 11))).toBeUndefined();
    expect(reader.read(frame(9, 20))).toEqual([]);
    expect(reader.cursor).toEqual({ epoch: 'e', seq: 20, hash: 'hash-20' });
  });

  it('keeps its cursor when subscribed again', () => {
    const reader = new RangeReader({});
    reader.subscribed(subscribed(5));
    reader.subscribed(subscribed(9));
    expect(reader.cursor).toEqual({ epoch: 'e', seq: 5 });
  });

  it('goes on from the head of the ledger that it is reset to', () => {
    const reader = new RangeReader({});
    reader.subscribed(subscribed(5));
    reader.reset({ type: 'sync:reset', reason: 'epoch', epoch: 'f', head: 2 });
    expect(reader.subscription()).toEqual({ type: 'subscribe', epoch: 'f', since: 2 });
  });
});
