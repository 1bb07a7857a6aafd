import { describe, expect, it } from '@jest/globals';
import { AtomeLog } from '../../../test/support/clients/atome-log.js';
import { content, hlc, mutation } from '../../../test/support/models/arbitraries.js';
import fc from '../../../test/support/properties.js';
import { AtomeError, isDelta, type AlterationBody, type Atome } from '../../../src/protocol/index.js';
import { partsOf } from './optimistic.js';
import { wholeEvents } from './whole-events.js';

const create = content.map((changes) => ({
  ...{ opId: null, atomeId: 'a1', baseVersion: null, hlc: null, reason: null },
  ...{ operation: 'create' as const, changes },
}));

describe('a delta', () => {
  it('leads to the atome that the fold leads to, key by key in the same order', () => {
    let deltas = 0;
    fc.assert(
      fc.property(create, hlc, fc.array(fc.tuple(mutation('a1'), hlc), { maxLength: 25 }), (first, stamp, rest) => {
        const log = new AtomeLog();
        log.write(first, stamp);
        for (const [write, at] of rest) {
          const before = log.state!;
          try {
            if (log.write(write, at).outcome !== 'applied') continue;
          } catch (error) {
            expect(error).toBeInstanceOf(AtomeError);
            continue;
          }
          const alteration = log.alterations.at(-1) as unknown as AlterationBody;
          if (!isDelta(alteration)) continue;
          deltas += 1;
          const { clocks: _stamps, ...after } = log.state!;
          const { clocks: _none, ...known } = before;
          const confirmed = new Map<string, Atome>([['a1', known]]);
          const [event] = wholeEvents([{ type: 'atome:delta', alteration, seq: 1 }], { confirmed, partsOf })!;
          expect(JSON.stringify((event as { atome: Atome }).atome)).toBe(JSON.stringify(after));
        }
      }),
    );
    expect(deltas).toBeGreaterThan(0);
  });
});
