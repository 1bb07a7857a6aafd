import { expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import type { Atome } from '../../../src/protocol/index.js';
import { memoryStore } from '../storage/memory/memory-store.js';
import { createReplica } from '../offline/replica.js';
import type { LiveQuery } from '../offline/api.js';
import type { AnyKinds } from '../core/kinds.js';
import { createQueries, type Queries, type Run } from './queries.js';
import { comparator, matcher, type Difference, type Query } from './query.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

const atome = (id: string, n: number, version: number): Atome => ({
  ...{ id, version, kind: 'note', type: null, data: { n }, meta: {}, parentId: null, ownerId: 'ada' },
  ...{ createdAt: '', updatedAt: '', deletedAt: null },
});

const QUERIES: readonly Query[] = [
  {},
  { sort: 'data.n', limit: 3 },
  { sort: '-data.n', limit: 2, offset: 1 },
  { where: { n: { gt: 3 } } },
  { ids: ['a', 'b', 'x'] },
];

const change = fc.record({
  id: fc.constantFrom(...NAMES),
  n: fc.nat(6),
  gone: fc.boolean(),
});
/** What a callback does, and to which of what there is. */
const deed = fc.record({
  what: fc.constantFrom('nothing', 'nothing', 'watch', 'subscribe', 'again', 'stop', 'throw'),
  which: fc.nat(9),
});
interface Deed {
  readonly what: string;
  readonly which: number;
}

/** Whoever hears the results of one query: each has to follow from the one before by the difference that is told. */
class Hearer {
  known: readonly string[] = [];
  now: readonly Atome[] = [];
  ended = false;
  readonly faults: string[] = [];
  private isFirst = true;

  constructor(private readonly act: () => void) {}

  readonly run: Run = (atomes, { added, changed, removed }: Difference) => {
    if (this.ended) this.faults.push('was called after its end');
    const ids = atomes.map(({ id }) => id);
    if (new Set(ids).size < ids.length) this.faults.push(`has one twice: ${ids.join()}`);
    const left = this.isFirst ? ids : this.known.filter((id) => !removed.includes(id)).concat(added);
    if (left.slice().sort().join() !== ids.slice().sort().join())
      this.faults.push(`${this.known.join()} +${added.join()} -${removed.join()} is not ${ids.join()}`);
    if (changed.some((id) => !ids.includes(id))) this.faults.push(`changed ${changed.join()} in ${ids.join()}`);
    this.isFirst = false;
    this.known = ids;
    this.now = atomes;
    this.act();
  };
}

it('a callback may begin, end and repeat queries: each is told what has changed once, and ends right', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 6 }),
      fc.array(deed, { maxLength: 25 }),
      async (steps, deeds) => {
        const store = memoryStore();
        await store.commit([{ put: [atome('a', 1, 1), atome('b', 2, 1), atome('c', 5, 1)] }]);
        const replica = createReplica(
          store,
          (each) => each.type === 'shown' && queries.changed(each.shown),
          import('../offline/deferred.js'),
        );
        const queries: Queries = createQueries(
          replica,
          (run) => {
            try {
              void run();
            } catch {
              // as where it is told of
            }
          },
          () => import('../offline/deferred.js'),
        );
        const hearers: { readonly of: Query; readonly hearer: Hearer; readonly stop: () => void }[] = [];
        const lives: [LiveQuery<AnyKinds, string>, Query][] = [];
        const left: Deed[] = [...deeds];
        const begin = (of: Query, start: (run: Run) => () => void): void => {
          const hearer = new Hearer(act);
          const entry = { of, hearer, stop: () => void (hearer.ended = true) };
          hearers.push(entry);
          const stop = start(hearer.run);
          // it may have been ended by its first call
          if (hearer.ended) return stop();
          entry.stop = () => {
            hearer.ended = true;
            stop();
          };
        };
        function act(): void {
          const next = left.shift();
          if (!next) return;
          const { what, which } = next;
          const query = QUERIES[which % QUERIES.length]!;
          const live = lives[which % lives.length];
          if (what === 'watch') begin(query, (run) => queries.watch(query, run) as () => void);
          if (what === 'subscribe') {
            const made = queries.watch(query) as LiveQuery<AnyKinds, string>;
            lives.push([made, query]);
            begin(query, (run) => made.subscribe(run));
          }
          if (what === 'again' && live) begin(live[1], (run) => live[0].subscribe(run));
          if (what === 'stop') hearers[which % (hearers.length || 1)]?.stop();
          if (what === 'throw') throw new Error('of the application');
        }
        replica.open(() => Promise.resolve('us'));
        begin({}, (run) => queries.watch({}, run) as () => void);
        lives.push([queries.watch(QUERIES[1]!) as LiveQuery<AnyKinds, string>, QUERIES[1]!]);
        begin(QUERIES[1]!, (run) => lives[0]![0].subscribe(run));
        await replica.loaded;
        const all = new Map<string, Atome>([
          ['a', atome('a', 1, 1)],
          ['b', atome('b', 2, 1)],
          ['c', atome('c', 5, 1)],
        ]);
        let version = 1;
        for (const step of steps) {
          version += 1;
          const put = step.filter(({ gone }) => !gone).map(({ id, n }) => atome(id, n, version));
          const remove = step.filter(({ gone }) => gone).map(({ id }) => id);
          for (const each of put) all.set(each.id, each);
          for (const id of remove) all.delete(id);
          await replica.commit({ put, remove });
        }
        await new Promise((resolve) => setImmediate(resolve));
        for (const { of, hearer } of hearers) {
          expect(hearer.faults).toEqual([]);
          if (hearer.ended) continue;
          const expected = [...all.values()].filter(matcher(of)).sort(comparator(of));
          const { offset = 0, limit = Infinity } = of;
          expect(hearer.now.map(({ id, version }) => `${id}${version}`)).toEqual(
            expected.slice(offset, offset + limit).map(({ id, version }) => `${id}${version}`),
          );
        }
        await replica.close();
      },
    ),
    { numRuns: 300 },
  ));
