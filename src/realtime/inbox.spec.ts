import { describe, expect, it, jest } from '@jest/globals';
import { turnsWhile } from '../../test/support/loop.js';
import { Inbox, type Frame } from './inbox.js';
import { TokenBucket } from '../auth/admission/token-bucket.js';
import { TurnSlice } from './turn-slice.js';

const unlimited = (): TokenBucket => new TokenBucket(1e9, 1e9, 0);

describe('an inbox', () => {
  it('takes nothing before it is told to, and then all, one after the other', async () => {
    const log: string[] = [];
    const inbox = new Inbox(unlimited(), async (frame) => {
      log.push(`begin ${String(frame)}`);
      await Promise.resolve();
      log.push(`end ${String(frame)}`);
    });
    inbox.push('a');
    inbox.push(null);
    expect(log).toEqual([]);
    await inbox.drain();
    expect(log).toEqual(['begin a', 'end a', 'begin null', 'end null']);
    inbox.push('b');
    expect(log.at(-1)).toBe('begin b');
  });

  it('finishes what has come until then without a pause, and does not wait for what comes later', async () => {
    const log: Frame[] = [];
    let goesOn = true;
    const inbox: Inbox = new Inbox(new TokenBucket(0.001, 1, performance.now()), async (frame) => {
      log.push(frame);
      if (goesOn) inbox.push('later');
      await new Promise(setImmediate);
    });
    ['first', 'last'].forEach((frame) => inbox.push(frame));
    const finished = inbox.finish();
    void inbox.drain();
    await finished;
    goesOn = false;
    expect(log.slice(0, 2)).toEqual(['first', 'last']);
    await inbox.finish();
    expect(log.slice(2)).toEqual(log.slice(2).fill('later'));
  });

  it('is full of many frames, or of few long ones, until they are taken', async () => {
    for (const frames of [Array<Frame>(256).fill(''), ['x'.repeat(1 << 20)]]) {
      const inbox = new Inbox(unlimited(), async () => {});
      frames.forEach((frame) => inbox.push(frame));
      expect(inbox.isFull).toBe(true);
      await inbox.drain();
      expect(inbox.isFull).toBe(false);
    }
  });

  it('takes what is soon done in one turn of the loop', async () => {
    const taken = jest.fn(async () => {});
    const inbox = new Inbox(unlimited(), taken, new TurnSlice(() => 0));
    for (let n = 0; n < 200; n += 1) inbox.push('x');
    expect(await turnsWhile(inbox.drain())).toBeLessThanOrEqual(1);
    expect(taken).toHaveBeenCalledTimes(200);
  });

  it('lets the loop turn while it takes what takes long, some of each connection in between', async () => {
    let now = 0;
    const slice = new TurnSlice(() => now);
    const log: string[] = [];
    const inboxOf = (name: string): Inbox =>
      new Inbox(
        unlimited(),
        async () => {
          now += 1;
          log.push(name);
        },
        slice,
      );
    const inboxes = ['a', 'b'].map(inboxOf);
    for (let n = 0; n < 200; n += 1) inboxes.forEach((inbox) => inbox.push('x'));
    const turns = await turnsWhile(Promise.all(inboxes.map((inbox) => inbox.drain())));
    expect(turns).toBeGreaterThanOrEqual(200 / 32 - 1);
    expect(log.slice(0, 64)).toContain('b');
  });

  it('takes as many at once as the burst, and then waits for each', async () => {
    const taken: Frame[] = [];
    const take = jest.fn(async (frame: Frame) => void taken.push(frame));
    const bucket = new TokenBucket(1_000, 2, 0);
    const waits: number[] = [];
    const ask = bucket.take.bind(bucket);
    jest.spyOn(bucket, 'take').mockImplementation(() => {
      waits.push(ask(0));
      return waits.at(-1)!;
    });
    const inbox = new Inbox(bucket, take);
    ['a', 'b', 'c', 'd'].forEach((frame) => inbox.push(frame));
    const all = inbox.drain();
    await Promise.resolve();
    await Promise.resolve();
    expect(taken).toEqual(['a', 'b']);
    await all;
    expect([taken, waits]).toEqual([
      ['a', 'b', 'c', 'd'],
      [0, 0, 1, 2],
    ]);
  });
});

describe('a token bucket', () => {
  it('gives its burst at once, then one after the other, and fills no higher than it was', () => {
    const bucket = new TokenBucket(10, 2, 0);
    expect([0, 0, 0, 0].map((now) => bucket.take(now))).toEqual([0, 0, 100, 200]);
    expect(bucket.take(300)).toBe(0);
    expect([9_000, 9_000, 9_000].map((now) => bucket.take(now))).toEqual([0, 0, 100]);
  });
});
