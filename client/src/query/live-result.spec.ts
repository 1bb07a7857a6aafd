import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import type { Atome } from '../../../src/protocol/index.js';
import type { Shown } from '../offline/view.js';
import { createLiveResult } from './live-result.js';
import { orderOf } from './order.js';
import { comparator, matcher, type Query } from './query.js';

const atome = (id: string, kind: string, data: Record<string, never>, deleted: boolean): Atome => ({
  id,
  kind,
  type: null,
  data,
  meta: {},
  parentId: null,
  ownerId: 'ada',
  version: 1,
  createdAt: '',
  updatedAt: '',
  deletedAt: deleted ? 'now' : null,
});

const value = fc.constantFrom(0, 1, 2, 'a', 'b', null, true);
const one = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    fc.constantFrom('note', 'task'),
    fc.record({ n: value, m: value }, { requiredKeys: [] }),
    fc.boolean(),
  )
  .map(([id, kind, data, deleted]) => atome(id, kind, data as never, deleted));

const query = fc.record(
  {
    kind: fc.constantFrom('note', 'task'),
    ids: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')),
    where: fc.constantFrom<Query['where'][]>({ n: 1 }, { n: { gt: 0 } }, { n: { in: [0, 'a'] }, m: { ne: null } }),
    sort: fc.constantFrom<Query['sort'][]>('id', '-id', 'data.n', '-data.n', 'data.m', orderOf(['data.n', '-data.m'])),
    limit: fc.nat(4),
    offset: fc.nat(2),
  },
  { requiredKeys: [] },
);

/** The result, made anew. */
const naive = (asked: Query, all: Iterable<Atome>): Atome[] =>
  [...all]
    .filter(matcher(asked))
    .sort(comparator(asked))
    .slice(asked.offset ?? 0, (asked.offset ?? 0) + (asked.limit ?? Infinity));

describe('LiveResult', () => {
  it('is what the query would find, and tells the difference', () => {
    fc.assert(
      fc.property(
        query,
        fc.array(one),
        fc.constantFrom(undefined, 0, 1, 2),
        fc.array(fc.array(fc.tuple(one, fc.boolean()), { maxLength: 4 })),
        (given, first, spare, steps) => {
          const asked = given as Query;
          const all = new Map(first.map((each) => [each.id, each]));
          const live = createLiveResult(asked, () => all.values(), spare, spare);
          expect(live.atomes).toEqual(naive(asked, all.values()));
          for (const step of steps) {
            const shown = new Map<string, Shown>();
            for (const [after, stays] of step) {
              const before = shown.get(after.id)?.before ?? all.get(after.id);
              shown.set(after.id, { before, after: stays ? after : undefined });
            }
            const was = live.atomes.map(({ id }) => id);
            for (const [id, { after }] of shown)
              if (after) all.set(id, after);
              else all.delete(id);
            const difference = live.apply(shown);
            const wanted = naive(asked, all.values());
            expect(live.atomes).toEqual(wanted);
            const is = wanted.map(({ id }) => id);
            const sorted = (ids: readonly string[] = []): string[] => [...ids].sort();
            expect(sorted(difference?.added)).toEqual(sorted(is.filter((id) => !was.includes(id))));
            expect(sorted(difference?.removed)).toEqual(sorted(was.filter((id) => !is.includes(id))));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is right, and says what has changed, where all that is known moves behind its end at once', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const numbers = fc.array(fc.nat(20), { minLength: ids.length, maxLength: ids.length });
    const made = (ns: readonly number[]): Atome[] =>
      ids.map((id, at) => atome(id, 'note', { n: ns[at] } as never, false));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(2),
        fc.array(numbers, { minLength: 2 }),
        (limit, spare, steps) => {
          const asked: Query = { kind: 'note', sort: 'data.n', limit };
          let all = made(steps[0]!);
          const live = createLiveResult(asked, () => all, spare, spare);
          for (const step of steps.slice(1)) {
            const [before, was] = [all, live.atomes];
            all = made(step).map((after, at) => (step[at] === before[at]!.data.n ? before[at]! : after));
            const moved = all.map((after, at) => [after.id, { before: before[at], after }] as const);
            const difference = live.apply(new Map(moved.filter(([, shown]) => shown.before !== shown.after)));
            expect(live.atomes).toEqual(naive(asked, all));
            const others = live.atomes.filter(({ id, data }) =>
              was.some((old) => old.id === id && old.data.n !== data.n),
            );
            expect([...(difference?.changed ?? [])].sort()).toEqual(others.map(({ id }) => id).sort());
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says nothing when only times are others, and has them all the same', () => {
    const before = atome('a', 'note', {}, false);
    const live = createLiveResult({ kind: 'note' }, () => [before]);
    const { atomes } = live;
    expect(live.apply(new Map([['a', { before, after: { ...before, updatedAt: 'later' } }]]))).toBeUndefined();
    expect(live.atomes.map(({ id, updatedAt }) => [id, updatedAt])).toContainEqual(['a', 'later']);
    expect(live.atomes).not.toBe(atomes);
  });

  it('has those that come back as they are now, where all it knew is moved behind what it knows', () => {
    const notes = Array.from({ length: 10 }, (_, n) => atome(`n${n}`, 'note', { n } as never, false));
    const all = new Map(notes.map((each) => [each.id, each]));
    const live = createLiveResult({ kind: 'note', sort: 'data.n', limit: 2 }, () => all.values(), 1);
    const shown = new Map<string, Shown>();
    for (const before of notes) {
      const after = { ...before, data: { n: Number(before.data.n) + 100 } };
      shown.set(before.id, { before, after });
      all.set(before.id, after);
    }
    expect(live.apply(shown)).toEqual({ added: [], changed: ['n0', 'n1'], removed: [] });
    expect(live.atomes.map(({ data }) => data.n)).toEqual([100, 101]);
  });

  it('looks at everything once, and again only when it has lost more than it knows beyond its end', () => {
    const notes = Array.from({ length: 1_000 }, (_, n) => atome(String(n).padStart(4, '0'), 'note', {}, false));
    const all = new Map(notes.map((each) => [each.id, each]));
    let looks = 0;
    const live = createLiveResult({ kind: 'note', limit: 10 }, () => ((looks += 1), all.values()), 5);
    for (const before of notes.slice(0, 12)) {
      all.delete(before.id);
      live.apply(new Map([[before.id, { before, after: undefined }]]));
    }
    expect(live.atomes.map(({ id }) => id)).toEqual(notes.slice(12, 22).map(({ id }) => id));
    expect(looks).toBe(3);
  });

  it('puts one change among many in its place without comparing all', () => {
    const all = Array.from({ length: 5_000 }, (_, n) => atome(`a${n}`, 'note', { n } as never, false));
    let compared = 0;
    const byN = orderOf(['data.n']);
    const sort = Object.assign((a: Atome, b: Atome) => ((compared += 1), byN(a, b)), { toJSON: () => ['data.n'] });
    const live = createLiveResult({ sort }, () => all);
    compared = 0;
    const [before, after] = [all[4_000]!, atome('a4000', 'note', { n: 7.5 } as never, false)];
    expect(live.apply(new Map([['a4000', { before, after }]]))).toMatchObject({ changed: ['a4000'] });
    expect(live.atomes[8]).toBe(after);
    expect(live.atomes).toHaveLength(5_000);
    expect(compared).toBeLessThan(100);
  });
});
