import { randomUUID } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import { comparator, matcher, type Query } from '../../client/src/query/query.js';
import { indexedDbStore } from '../../client/src/storage/indexeddb/indexeddb-store.js';
import type { Store } from '../../client/src/storage/store.js';
import { where } from '../../client/src/where.js';
import type { Atome, JsonValue } from '../../src/protocol/index.js';
import { withIndexedDb } from '../support/browser/indexed-db.js';
import fc from '../support/properties.js';
import { atome } from './store.suite.js';

withIndexedDb();

/** Reads all: what a store was asked before, it learns then. */
async function readAll(store: Store): Promise<Atome[]> {
  const found: Atome[] = [];
  for await (const page of store.atomes()) found.push(...page);
  return found;
}

/** Asks until the store has learned to answer. */
async function answerOf(store: Store, query: Query): Promise<readonly Atome[]> {
  for (;;) {
    const found = await store.select!(query);
    if (found) return found;
    await readAll(store);
  }
}

function overAll(atomes: Iterable<Atome>, query: Query): Atome[] {
  const { offset = 0, limit = Infinity } = query;
  const found = [...atomes].filter(matcher(query)).sort(comparator(query));
  return found.slice(offset, offset + limit);
}

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const LONG = 'l'.repeat(200);
const value = fc.constantFrom<JsonValue | undefined>(
  ...[undefined, null, false, true, -3, 0, 2.5, 1e9, '', 'a', 'B', 'é', '\u{1f600}', '\uffee', [1], { x: 1 }],
  ...[LONG, `${LONG}a`, `${LONG}b`],
);
const operand = fc.constantFrom(-3, 0, 2.5, 'a', 'é', '\u{1f600}', LONG, `${LONG}b`);

const made = fc.record({
  id: fc.constantFrom(...IDS),
  kind: fc.constantFrom('note', 'task'),
  parentId: fc.constantFrom(null, 'p', 'q'),
  n: value,
  m: value,
});
type Made = typeof made extends fc.Arbitrary<infer Value> ? Value : never;

const condition = fc.oneof(
  fc.constantFrom(null, true, 0, 'a', LONG),
  fc.record({ gte: operand }),
  fc.record({ gt: operand, lt: operand }),
  fc.record({ lte: operand, gte: operand }),
  fc.record({ ne: fc.constantFrom(0, 'a') }),
  fc.record({ in: fc.constant(['a', 0]) }),
);
const judged = fc.constantFrom<Query['where']>(
  ...[where({ 'data.n': { eq: 'a' }, ownerId: 'ada' }), where({ updatedAt: { gt: '2026-01-03' } })],
  ...[where({ or: [{ 'data.n': 'a' }, { 'data.m': { lt: 3 } }] }), where({ 'data.n': { gte: '\u{1f600}' } })],
);
const query = fc.record(
  {
    kind: fc.constantFrom('note', 'task'),
    parentId: fc.constantFrom(null, 'p'),
    where: fc.oneof(
      fc.record({ n: condition }, { requiredKeys: [] }),
      fc.record({ n: condition, m: condition }),
      judged,
    ),
    sort: fc.constantFrom('data.n', '-data.n', '-updatedAt', 'kind', '-id', 'data.m', 'data.none'),
    limit: fc.nat(6),
    offset: fc.nat(2),
  },
  { requiredKeys: [] },
);

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ tab: fc.nat(1), put: fc.array(made, { minLength: 1, maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ tab: fc.nat(1), remove: fc.array(fc.constantFrom(...IDS)) }) },
  { weight: 1, arbitrary: fc.record({ tab: fc.nat(1), clear: fc.constant(true as const), put: fc.array(made) }) },
  { weight: 6, arbitrary: fc.record({ tab: fc.nat(1), ask: query }) },
  { weight: 3, arbitrary: fc.record({ tab: fc.nat(1), all: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ tab: fc.nat(1), restart: fc.constant(true) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** A few tabs with the same store, and what is in it. */
class Tabs {
  readonly model = new Map<string, Atome>();
  private readonly name = randomUUID();
  private readonly stores = [0, 1].map(() => indexedDbStore({ name: this.name }));
  private made = 0;

  async open(): Promise<void> {
    for (const store of this.stores) await store.open();
  }

  async play(each: Step): Promise<void> {
    const store = this.stores[each.tab]!;
    if ('ask' in each) {
      const found = await store.select!(each.ask);
      if (found) expect(found).toEqual(overAll(this.model.values(), each.ask));
    } else if ('all' in each) {
      expect(new Map((await readAll(store)).map((one) => [one.id, one]))).toEqual(this.model);
    } else if ('restart' in each) {
      await store.close();
      await store.open();
    } else await this.commit(store, each);
  }

  /** Sooner or later each is answered, rightly. */
  async ask(query: Query): Promise<void> {
    for (const store of this.stores) expect(await answerOf(store, query)).toEqual(overAll(this.model.values(), query));
  }

  async close(): Promise<void> {
    await Promise.all(this.stores.map((store) => store.close()));
  }

  private async commit(
    store: Store,
    { clear, put = [], remove = [] }: { clear?: true; put?: Made[]; remove?: string[] },
  ): Promise<void> {
    const atomes = put.map((each) => this.atomeOf(each));
    if (clear) this.model.clear();
    for (const each of atomes) this.model.set(each.id, each);
    for (const id of remove) this.model.delete(id);
    await store.commit([{ ...(clear && { clear }), put: atomes, remove }]);
  }

  private atomeOf({ id, kind, parentId, n, m }: Made): Atome {
    this.made += 1;
    const updatedAt = new Date(Date.UTC(2026, 0, 1 + (this.made % 5))).toISOString();
    const data = { ...(n !== undefined && { n }), ...(m !== undefined && { m }) };
    return atome(id, { kind, parentId, data, updatedAt, version: this.made });
  }
}

describe('what a store in IndexedDB answers without reading all', () => {
  it('is what a query over all finds, whatever tabs write, take back, clear and ask meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.array(query, { maxLength: 3 }), async (steps, last) => {
        const tabs = new Tabs();
        await tabs.open();
        for (const each of steps) await tabs.play(each);
        for (const each of last) await tabs.ask({ limit: 3, ...each });
        await tabs.close();
      }),
      { numRuns: 150 },
    );
  });

  it('costs as many records as it finds, not as many as there are', async () => {
    const put = Array.from({ length: 200 }, (_, i) =>
      atome(`n${i}`, { kind: i % 2 ? 'note' : 'task', data: { i, title: `t${(i * 7) % 200}` } }),
    );
    const read: string[] = [];
    const counted = where({ 'data.i': { gte: 0 } });
    const counting = Object.assign((each: Atome) => !!read.push(each.id), { toJSON: () => counted.toJSON() });
    const store = indexedDbStore({ name: randomUUID() });
    await store.open();
    await store.commit([{ put }]);
    const queries: [Query, number][] = [
      [{ kind: 'note', where: counting, sort: 'data.title', limit: 20 }, 20],
      [{ where: counting, sort: '-updatedAt', limit: 5, offset: 5 }, 10],
      [{ parentId: null, where: counting, limit: 3 }, 3],
    ];
    for (const [asked, most] of queries) {
      await answerOf(store, asked);
      read.length = 0;
      const found = await store.select!(asked);
      expect(read).toHaveLength(most);
      expect(found).toEqual(overAll(put, asked));
    }
    await store.close();
  });

  it('is learned of the eight shapes that are asked for first, until one is not asked for any more', async () => {
    const store = indexedDbStore({ name: randomUUID() });
    await store.open();
    await store.commit([{ put: [atome('a'), atome('b')] }]);
    const shapes = Array.from({ length: 9 }, (_, i): Query => ({ sort: `data.n${i}`, limit: 1 }));
    for (const shape of shapes.slice(0, 8)) expect(await answerOf(store, shape)).toEqual([atome('a')]);
    const now = jest.spyOn(Date, 'now');
    try {
      const start = Date.now();
      const eighthIsKnown = async (): Promise<boolean> => {
        await store.select!(shapes[8]!);
        await readAll(store);
        return (await answerOf(store, shapes[7]!)).length > 0 && (await store.select!(shapes[8]!)) !== undefined;
      };
      expect(await eighthIsKnown()).toBe(false);
      now.mockReturnValue(start + 9 * 86_400_000);
      expect(await answerOf(store, shapes[8]!)).toEqual([atome('a')]);
    } finally {
      now.mockRestore();
    }
    await store.close();
  });
});
