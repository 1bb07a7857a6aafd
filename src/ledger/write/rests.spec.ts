import { describe, expect, it } from '@jest/globals';
import { by, create, openLedger } from '../../../test/support/ledger/ledger.js';
import type { KindRules } from './kind-rules.js';
import { Rests } from './rests.js';
import { GivenUp } from './undecidable.js';

const NONE = new Map<string, number>();

describe('rests', () => {
  it('have the author of a check that was given up wait twenty times as long, and nobody else', () => {
    const rests = new Rests();
    const group = { heldMs: 101, large: NONE, givenUp: { id: 'a', heldMs: 100, tookMs: 100 } };
    expect(rests.after('t', group, 1_000)).toEqual({ all: 0, some: [{ ids: ['a'], until: 3_000 }] });
    expect(rests.after('t', { heldMs: 100, large: NONE }, 1_000)).toEqual({ all: 100, some: [] });
  });

  it('grow for checks that are given up, so that all of them have a tenth of the time', () => {
    const rests = new Rests();
    const until = Array.from({ length: 30 }, (_, n) => {
      const group = { heldMs: 100, large: NONE, givenUp: { id: 'a', heldMs: 100, tookMs: 100 } };
      return rests.after(`t${n}`, group, 0).some[0]!.until;
    });
    expect(until.slice(0, 3)).toEqual([2_000, 2_000, 3_000]);
    expect(until.at(-1)).toBe(30_000);
  });

  it('are little for who had little of the processor', () => {
    const group = { heldMs: 100, large: NONE, givenUp: { id: 'a', heldMs: 100, tookMs: 2 } };
    expect(new Rests().after('t', group, 0)).toEqual({ all: 0, some: [{ ids: ['a'], until: 40 }] });
  });

  it('end a group in which a check was given up: others come before the next of its author', async () => {
    const kinds = {
      isJudged: () => true,
      isOutdated: () => false,
      complete: (mutation) => mutation,
      restorable: (past) => past,
      assertFits: ({ after }) => {
        if (after.id.startsWith('never')) throw new GivenUp(100, 100);
      },
    } satisfies KindRules;
    const ledger = await openLedger(undefined, { kinds });
    const order: string[] = [];
    const write = (id: string, author: string): Promise<unknown> =>
      ledger.writer.submit('default', create(id), by(author)).then(
        () => order.push(id),
        (refusal: unknown) => order.push(`${id} ${(refusal as GivenUp).code}`),
      );
    const writes = ['a1', 'never1', 'a2', 'never2'].map((id) => write(id, 'a'));
    await Promise.all([write('b1', 'b'), writes[1]]);
    const draining = ledger.close();
    await Promise.all([...writes, draining]);
    expect(order).toEqual(['a1', 'never1 unavailable', 'b1', 'a2', 'never2 unavailable']);
  });
});
