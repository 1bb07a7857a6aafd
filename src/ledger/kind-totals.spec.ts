import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KindTotals } from './kind-totals.js';

describe('the totals of kinds', () => {
  it('are kept as text, and forget a kind of which nothing is left', () => {
    const totals = new KindTotals('[]');
    for (const kind of ['note', 'note', '__proto__', 'task']) totals.add(kind, false, 1);
    totals.add('note', false, -1);
    totals.add('note', true, 1);
    totals.add('task', false, -1);
    expect(totals.text).toBe('[["note",1,1],["__proto__",1,0]]');
    const read = new KindTotals(totals.text);
    expect([read.of('note', false), read.of('note', true), read.of('task', true)]).toEqual([1, 2, 0]);
    expect([read.of(undefined, false), read.of(undefined, true)]).toEqual([2, 3]);
  });

  it.each(['[["note",-1,3]]', '[["note",3,-1]]', '[["note",null,0]]', '[["note","2",0]]', '[["note",2]]'])(
    'are unknown where they cannot be: %s',
    (text) => {
      const totals = new KindTotals(text);
      expect([totals.of('note', true), totals.of(undefined, false), totals.of('task', true)]).toEqual([
        undefined,
        undefined,
        0,
      ]);
    },
  );

  it('are right or unknown, however many kinds come and go', () => {
    const change = fc.tuple(fc.nat(), fc.boolean(), fc.boolean());
    const changes = fc.tuple(fc.constantFrom(40, 80), fc.array(change, { minLength: 300, maxLength: 600 }));
    fc.assert(
      fc.property(changes, ([kinds, steps]) => {
        let text = '[]';
        const counts = new Map<string, [living: number, deleted: number]>();
        for (const [number, isDeleted, isLess] of steps) {
          const kind = `kind-${number % kinds}`;
          const count = counts.get(kind) ?? [0, 0];
          counts.set(kind, count);
          const by = isLess && count[Number(isDeleted)]! > 0 ? -1 : 1;
          count[Number(isDeleted)]! += by;
          const totals = new KindTotals(text);
          totals.add(kind, isDeleted, by);
          ({ text } = totals);
        }
        const totals = new KindTotals(text);
        const told = [...counts].filter(([kind]) => totals.of(kind, true) !== undefined);
        for (const [kind, [living, deleted]] of told) {
          expect([kind, totals.of(kind, false)]).toEqual([kind, living]);
          expect(totals.of(kind, true)).toBe(living + deleted);
        }
        if (counts.size <= 64) expect(told).toHaveLength(counts.size);
        expect(totals.of(undefined, true)).toBe([...counts.values()].flat().reduce((sum, each) => sum + each, 0));
        for (const [kind, [living, deleted]] of counts) {
          totals.add(kind, false, -living);
          totals.add(kind, true, -deleted);
        }
        expect(totals.isEmpty).toBe(true);
      }),
    );
  });
});
