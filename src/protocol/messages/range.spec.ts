import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import type { AtomeEvent } from './events.js';
import type { RangeFrame } from './server-messages.js';
import { decideFrame } from './range.js';

const event = (seq: number): AtomeEvent => ({ type: 'atome:left', atomeId: 'a', reason: 'filter', seq });

function frame(from: number, to: number, hidden: (seq: number) => boolean = () => false): RangeFrame {
  const seqs = Array.from({ length: to - from }, (_, i) => from + 1 + i).filter((seq) => !hidden(seq));
  return { type: 'events', from, to, hash: '', events: seqs.map(event) };
}

describe('admit', () => {
  it('applies the frame that follows', () => {
    expect(decideFrame(5, frame(5, 7))).toEqual([event(6), event(7)]);
  });

  it('moves over what the reader may not see', () => {
    expect(
      decideFrame(
        5,
        frame(5, 7, () => true),
      ),
    ).toEqual([]);
  });

  it('drops what it knows, and keeps the rest of what overlaps', () => {
    expect(decideFrame(5, frame(3, 5))).toBeUndefined();
    expect(decideFrame(5, frame(3, 6))).toEqual([event(6)]);
  });

  it('asks again when something is missing', () => {
    expect(decideFrame(5, frame(6, 7))).toBe('missing');
  });

  it('gives each visible event once and in order, whatever happens to the frames', () => {
    const head = 30;
    const hidden = (seq: number): boolean => seq % 4 === 0;
    const delivered = fc
      .tuple(fc.integer({ min: 0, max: head - 1 }), fc.integer({ min: 1, max: 8 }))
      .map(([from, length]) => frame(from, Math.min(from + length, head), hidden));
    fc.assert(
      fc.property(fc.array(delivered, { maxLength: 60 }), (frames) => {
        let cursor = 0;
        const got: number[] = [];
        const receive = (next: RangeFrame): void => {
          const events = decideFrame(cursor, next);
          if (events === 'missing') {
            receive(frame(cursor, cursor + 1, hidden));
          } else if (events) {
            got.push(...events.map(({ seq }) => seq));
            cursor = next.to;
          }
        };
        frames.forEach(receive);
        while (cursor < head) receive(frame(cursor, Math.min(cursor + 5, head), hidden));
        expect(got).toEqual(frame(0, head, hidden).events.map(({ seq }) => seq));
      }),
    );
  });
});
