import { describe, expect, it } from '@jest/globals';
import { SentFrames } from './sent-frames.js';

describe('the frames that a reader was sent', () => {
  it('say which one held a seq, and from where to where it led', () => {
    const frames = new SentFrames();
    [3, 4, 9].forEach((to) => frames.note(to));
    expect(frames.holding(3)).toMatchObject({ number: 1, from: null, to: 3 });
    expect(frames.holding(4)).toMatchObject({ number: 2, from: 3, to: 4 });
    expect(frames.holding(7)).toMatchObject({ number: 3, from: 4, to: 9 });
    expect(frames.holding(10)).toBeUndefined();
  });

  it('are forgotten but for the last sixteen, and what one of the forgotten held is not known', () => {
    const frames = new SentFrames();
    for (let to = 1; to <= 40; to += 1) frames.note(to);
    expect(frames.count).toBe(40);
    expect(frames.holding(40)).toMatchObject({ number: 40, from: 39 });
    expect(frames.holding(26)).toMatchObject({ number: 26, from: 25 });
    expect(frames.holding(25)).toBeUndefined();
    expect(frames.holding(3)).toBeUndefined();
  });

  it('say up to where they had led at a time', () => {
    const frames = new SentFrames();
    expect(frames.upTo(Infinity)).toBeUndefined();
    [3, 4].forEach((to) => frames.note(to));
    expect(frames.upTo(Infinity)).toBe(4);
    expect(frames.upTo(0)).toBeUndefined();
  });
});
