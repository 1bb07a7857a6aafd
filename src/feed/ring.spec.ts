import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { committed } from '../../test/support/ledger/committed.js';
import { OPEN_RULES } from '../protocol/index.js';
import { Entry } from './entry.js';
import { Ring } from './ring.js';

const entry = (seq: number, size = 1): Entry => Object.assign(new Entry(committed(seq), false, OPEN_RULES), { size });

describe('the ring', () => {
  it('begins nowhere while it is empty', () => {
    const ring = new Ring(8, 100);
    expect(ring.start).toBeUndefined();
    expect(ring.at(1)).toBeUndefined();
  });

  it('finds what is in it, and nothing else', () => {
    const ring = new Ring(8, 100);
    for (const seq of [5, 6, 7]) ring.push(entry(seq));
    expect(ring.start).toBe(4);
    expect([4, 5, 6, 7, 8].map((seq) => ring.at(seq)?.seq)).toEqual([undefined, 5, 6, 7, undefined]);
  });

  it('keeps nothing that is larger than it is', () => {
    const ring = new Ring(8, 100);
    ring.push(entry(1));
    ring.push(entry(2, 101));
    expect(ring.start).toBeUndefined();
    ring.push(entry(3));
    expect(ring.at(3)?.seq).toBe(3);
  });

  it('stays within its bounds and without gaps, and drops no more than it must by much', () => {
    const bounds = fc.record({ entries: fc.integer({ min: 1, max: 40 }), chars: fc.integer({ min: 50, max: 500 }) });
    fc.assert(
      fc.property(bounds, fc.array(fc.nat(40), { maxLength: 200 }), ({ entries, chars }, sizes) => {
        const ring = new Ring(entries, chars);
        for (let last = 1; last <= sizes.length; last += 1) {
          ring.push(entry(last, sizes[last - 1]));
          const first = (ring.start ?? last) + 1;
          const kept = sizes.slice(first - 1, last);
          expect(kept.length).toBeLessThanOrEqual(entries);
          expect(kept.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(chars);
          for (let seq = first; seq <= last; seq += 1) expect(ring.at(seq)?.seq).toBe(seq);
        }
      }),
    );
  });
});
