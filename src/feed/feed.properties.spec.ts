import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from '../../test/support/properties.js';
import {
  by,
  create,
  openLedger,
  SOMEBODY,
  TENANT,
  update,
  write,
  type TestLedger,
} from '../../test/support/ledger/ledger.js';
import { feedParts } from '../../test/support/feed/feed-parts.js';
import { TestSink } from '../../test/support/feed/sink.js';
import { WatchedStore } from '../../test/support/ledger/watched-store.js';
import type { Committed } from '../ledger/outcome.js';
import { LedgerReaders } from '../ledger/read/ledger-readers.js';
import { matchesCondition, parseCondition } from '../protocol/index.js';
import type { Atome, AtomeEvent, Filter, Mutation } from '../protocol/index.js';
import { eventOf } from './entry.js';
import { Feed } from './feed.js';
import { DEFAULT_FEED_OPTIONS } from './options.js';
import type { FeedReader } from './reader.js';

/** So small that readers often fall out of memory and frames often end. */
const OPTIONS = { ...DEFAULT_FEED_OPTIONS, ringEntries: 6, frameChars: 2_500, unsentBytes: 1_500 };
const FILTERS: readonly Filter[] = [
  {},
  { kinds: ['note'] },
  { kinds: ['shape'], ids: ['a', 'b'] },
  { ids: ['none'] },
  { where: parseCondition({ 'data.n': { lt: 2 } }) },
  { kinds: ['note'], where: parseCondition({ or: [{ 'data.n': { exists: false } }, { version: { in: [3, 4] } }] }) },
];

interface Reader {
  readonly sink: TestSink;
  readonly reader: FeedReader;
  readonly since: number;
  readonly filter: Filter;
  readonly compact: boolean;
  /** Where the log stood when it was opened. */
  readonly tail: number;
}

const id = fc.constantFrom('a', 'b', 'c');
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  id.map((each) => create(each)),
  fc.tuple(id, fc.nat(4)).map(([each, n]) => update(each, { n })),
  fc.tuple(id, fc.constantFrom('note', 'shape')).map(([each, kind]) => write(each, 'replace', { kind })),
  id.map((each) => write(each, 'delete', {})),
  id.map((each) => write(each, 'restore', { version: 1 })),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), mutation, foreign: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      back: fc.nat(12),
      filter: fc.constantFrom(...FILTERS),
      compacts: fc.constantFrom([false], [true], [false, true], [true, false], [false, false]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('block' as const, 'flow' as const), reader: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('tick' as const, 'turn' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
/** What happens to each question to the ledger: how many turns its answer takes, or that it fails. */
const luck = fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.constant('fails') }), {
  minLength: 1,
  maxLength: 40,
});

const turn = (): Promise<void> => new Promise(setImmediate);

describe('whatever happens in whatever order', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  it('each reader gets each event that it may see once, in order, in frames without a gap', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), luck, async (steps, lots) => {
        const ledger = await openLedger();
        try {
          const readers = await play(ledger, steps, lots);
          const { seq: head } = await ledger.reader.head();
          const all = await ledger.reader.page(0, head, { chars: 1e9 });
          readers.forEach((each) => expectWhole(each, all, head));
        } finally {
          await ledger.close();
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** Plays the steps over a ledger that answers when and if it likes, then lets everything come to rest. */
async function play(ledger: TestLedger, steps: readonly Step[], lots: readonly (number | string)[]): Promise<Reader[]> {
  const elsewhere = await openLedger(ledger.store);
  const watched = new WatchedStore(ledger.store);
  const feed = new Feed(feedParts(new LedgerReaders(watched.store), OPTIONS), ledger.writer, () => undefined);
  feed.start();
  const { tail: log } = await feed.log(TENANT);
  let asked = 0;
  watched.after = async () => {
    const lot = lots[asked++ % lots.length]!;
    if (typeof lot === 'string') throw new Error('no database');
    for (let left = lot; left > 0; left -= 1) await turn();
  };
  const readers: Reader[] = [];
  const writes: Promise<unknown>[] = [];
  const tick = (): void => jest.advanceTimersByTime(OPTIONS.pollMs);
  for (const each of steps) {
    switch (each.do) {
      case 'write': {
        const { writer } = each.foreign ? elsewhere : ledger;
        // what is refused writes nothing
        writes.push(writer.submit(TENANT, each.mutation, by('x')).catch(() => undefined));
        break;
      }
      case 'open': {
        const { filter, compacts } = each;
        const since = Math.max(0, log.seq - each.back);
        for (const compact of compacts) {
          const sink = new TestSink();
          const reader = await feed.open(TENANT, { sink, principal: SOMEBODY, since, filter, compact, form: 'range' });
          readers.push({ sink, reader, since, filter, compact, tail: log.seq });
          reader.pump();
        }
        break;
      }
      case 'block':
        readers[each.reader]?.sink.block();
        break;
      case 'flow':
        readers[each.reader]?.sink.flow();
        readers[each.reader]?.reader.pump();
        break;
      case 'tick':
        tick();
        break;
      case 'turn':
        await turn();
    }
  }
  await Promise.all(writes);
  watched.after = () => undefined;
  readers.forEach(({ sink }) => sink.flow());
  for (let rest = 0; rest < 4; rest += 1) {
    tick();
    for (let left = 60; left > 0; left -= 1) await turn();
  }
  readers.forEach(({ reader }) => reader.tick(Number.MAX_SAFE_INTEGER));
  feed.stop();
  return readers;
}

function expectWhole({ sink, since, filter, compact, tail }: Reader, all: readonly Committed[], head: number): void {
  let cursor = since;
  for (const { from, to, hash } of sink.frames) {
    expect(from).toBe(cursor);
    expect(to).toBeGreaterThan(from);
    expect(hash).toBe(all[to - 1]!.hash);
    cursor = to;
  }
  expect(cursor).toBe(head);
  expect(sink.lives).toHaveLength(1);
  expect(sink.resets).toEqual([]);
  const events = sink.frames.flatMap((frame) => frame.events);
  if (compact) {
    expect(events.map(({ seq }) => seq)).toEqual([...new Set(events.map(({ seq }) => seq))].sort((a, b) => a - b));
    const replayed = events.filter(({ seq }) => seq <= tail).map(idOf);
    expect(new Set(replayed).size).toBe(replayed.length);
    const replica = seenBy(filter, all.slice(0, since));
    for (const event of events) {
      if ('atome' in event && event.atome.deletedAt === null) replica.set(event.atome.id, event.atome);
      else replica.delete(idOf(event));
    }
    expect(replica).toEqual(seenBy(filter, all));
  } else {
    const expected = all.slice(since).flatMap((each): AtomeEvent[] => {
      if (matches(filter, each.atome)) return [eventOf(each)];
      const { seq, atomeId } = each.alteration;
      const before = all.findLast(({ alteration }) => alteration.atomeId === atomeId && alteration.seq < seq);
      return before && matches(filter, before.atome) ? [{ type: 'atome:left', atomeId, reason: 'filter', seq }] : [];
    });
    expect(events).toEqual(JSON.parse(JSON.stringify(expected)));
  }
}

function idOf(event: AtomeEvent): string {
  return 'atome' in event ? event.atome.id : event.atomeId;
}

/** The living atomes that match a filter after some alterations. */
function seenBy(filter: Filter, all: readonly Committed[]): Map<string, Atome> {
  const states = new Map(all.map(({ atome }) => [atome.id, atome]));
  return new Map([...states].filter(([, atome]) => atome.deletedAt === null && matches(filter, atome)));
}

function matches({ kinds, ids, where }: Filter, atome: Atome): boolean {
  const isTrue = !where || matchesCondition(where, atome);
  return (kinds?.includes(atome.kind) ?? true) && (ids?.includes(atome.id) ?? true) && isTrue;
}
