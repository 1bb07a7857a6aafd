import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { create, update, write } from '../../test/support/ledger/ledger.js';
import {
  expectUnbroken,
  range,
  READER_OPTIONS,
  ReaderHarness,
  seqsOf,
  settled,
} from '../../test/support/feed/reader-harness.js';
import type { TestSink } from '../../test/support/feed/sink.js';
import { parseCondition, type Filter } from '../protocol/index.js';
import { RangeView } from './view.js';

describe('a reader of a part', () => {
  let harness: ReaderHarness;
  beforeEach(async () => {
    harness = await ReaderHarness.start();
  });
  afterEach(() => harness.close());

  describe('with a filter', () => {
    const moved = (kind: string) => write('a', 'replace', { kind });

    it('gets what matches, and is told what has left', async () => {
      await harness.follow();
      const { sink } = harness.open(0, { filter: { kinds: ['note'] } });
      for (const each of [create('a'), moved('shape'), update('a', { n: 1 }), moved('note')])
        await harness.ledger.write(each);
      expect(sink.ranges).toEqual(['0-1: 1', '1-2: 2', '2-4: 4']);
      expect(sink.frames.map(({ events }) => events[0]!.type)).toEqual([
        'atome:created',
        'atome:left',
        'atome:updated',
      ]);
      expect(sink.frames[1]!.events).toEqual([{ type: 'atome:left', atomeId: 'a', reason: 'filter', seq: 2 }]);
    });

    it('has its cursor moved over what was hidden: when the replay ends, and after a while', async () => {
      for (const each of [create('a'), create('b')]) await harness.ledger.write(each);
      await harness.follow();
      const { sink, reader } = harness.open(0, { filter: { ids: ['c'] } });
      await settled();
      expect(sink.ranges).toEqual(['0-2: ']);
      expect(sink.frames[0]!.hash).toBe(harness.log.tail.hash);
      expect(sink.lives).toEqual([2]);
      await harness.ledger.write(update('a', { n: 1 }));
      const now = Date.now();
      reader.tick(now);
      expect(sink.ranges).toHaveLength(1);
      reader.tick(now + 2 * READER_OPTIONS.idleFrameMs);
      reader.tick(now + 4 * READER_OPTIONS.idleFrameMs);
      expect(sink.ranges).toEqual(['0-2: ', '2-3: ']);
      await harness.ledger.write(create('c'));
      expect(sink.ranges.at(-1)).toBe('3-4: 4');
    });

    it.each<[Filter, string]>([
      [{ types: ['x'] }, '2,5'],
      [{ ids: ['b', 'c'] }, '2,3,5'],
      [{ parentId: 'p' }, '3'],
      [{ parentId: null }, '1,2,4,5'],
      [{ kinds: ['note', 'shape'], types: ['x'], ids: ['b'] }, '2,5'],
      [{ kinds: [] }, ''],
    ])('chooses by %j', async (filter, expected) => {
      const content = { kind: 'note', type: null, data: {}, meta: {}, parentId: null };
      await harness.ledger.write(write('a', 'create', content));
      await harness.ledger.write(write('b', 'create', { ...content, kind: 'shape', type: 'x' }));
      await harness.ledger.write(write('c', 'create', { ...content, parentId: 'p' }));
      await harness.ledger.write(write('a', 'rename', { name: 'n' }));
      await harness.ledger.write(write('b', 'delete', {}));
      await harness.follow();
      const { sink } = harness.open(0, { filter });
      await settled();
      expect(seqsOf(sink).join()).toBe(expected);
      expectUnbroken(sink, 0, 5);
    });
  });

  describe('with a condition', () => {
    const large = { where: parseCondition({ 'data.n': { gte: 5 } }) };
    const eventsOf = ({ frames }: TestSink): string[] =>
      frames.flatMap(({ events }) => events.map(({ type, seq }) => `${type} ${seq}`));
    const writeNumbers = async (...numbers: number[]): Promise<void> => {
      for (const n of numbers) await harness.ledger.write(update('a', { n }));
    };
    beforeEach(() => harness.ledger.write(create('a', { n: 0 })));

    it('is shown what comes in, whole, and told what goes out, and nothing of the rest', async () => {
      await harness.follow();
      const wanted = harness.log.tail.states.want();
      const { sink } = harness.open(1, { filter: large });
      await writeNumbers(1, 5, 6, 2, 3, 7);
      await harness.ledger.write(write('a', 'delete', {}));
      expect(eventsOf(sink)).toEqual([
        'atome:altered 3',
        'atome:altered 4',
        'atome:left 5',
        'atome:altered 7',
        'atome:deleted 8',
      ]);
      expect(sink.frames[0]!.events[0]).toMatchObject({ atome: { data: { n: 5 } } });
      wanted();
    });

    it('is told the same by the ledger as by what is in memory', async () => {
      await harness.follow();
      await writeNumbers(1, 5, 6, 2, 3, 7, 8);
      const { sink } = harness.open(1, { filter: large });
      await settled();
      expect(eventsOf(sink)).toEqual([
        'atome:altered 3',
        'atome:altered 4',
        'atome:left 5',
        'atome:altered 7',
        'atome:altered 8',
      ]);
      expect(harness.watched.calls).toContain('alterations.page');
      expectUnbroken(sink, 1, 8);
    });

    it('is told what was shown by one page of a compact replay, and goes out before the next is read', async () => {
      await writeNumbers(5);
      for (const each of range(1, 20)) await harness.ledger.write(create(`b${each}`, { text: 'x'.repeat(200) }));
      await harness.follow();
      let read = 0;
      harness.watched.before = async (method) => {
        if (method === 'alterations.newest' && read++ === 1) await writeNumbers(1);
      };
      const { sink } = harness.open(0, { compact: true, filter: large });
      await settled();
      expect(eventsOf(sink)).toEqual(['atome:altered 2', 'atome:left 23']);
    });
  });

  describe('that wants it compact', () => {
    beforeEach(async () => {
      await harness.ledger.write(create('a'));
      await harness.ledger.write(create('b'));
      await harness.writeAll(3, 6);
      await harness.ledger.write(write('b', 'delete', {}));
    });

    it('gets the newest of each atome, and everything from then on', async () => {
      await harness.follow();
      const { sink } = harness.open(0, { compact: true });
      await settled();
      expect(sink.ranges).toEqual(['0-7: 6,7']);
      await harness.writeAll(8, 9);
      expect(seqsOf(sink)).toEqual([6, 7, 8, 9]);
      expectUnbroken(sink, 0, 9);
      expect(sink.lives).toEqual([7]);
    });

    it('misses nothing of what is altered while it replays', async () => {
      await harness.follow();
      const { sink } = harness.open(0, { compact: true });
      await harness.writeAll(8, 9);
      await settled();
      const last = sink.frames.flatMap(({ events }) => events).filter(({ type }) => type === 'atome:altered');
      expect(last.at(-1)).toMatchObject({ seq: 9, atome: { data: { n: 9 } } });
      expectUnbroken(sink, 0, 9);
    });

    it('is told what may have left its filter', async () => {
      await harness.ledger.write(write('a', 'replace', { kind: 'shape' }));
      await harness.follow();
      const deleted = { type: 'atome:deleted', atomeId: 'b', seq: 7 };
      const { sink } = harness.open(2, { compact: true, filter: { kinds: ['note'] } });
      await settled();
      expect(sink.frames[0]!.events).toMatchObject([deleted, { type: 'atome:left', atomeId: 'a', seq: 8 }]);
      // who comes with nothing has nothing that could leave
      const anew = harness.open(0, { compact: true, filter: { kinds: ['note'] } });
      await settled();
      expect(anew.sink.frames[0]!.events).toEqual([expect.objectContaining(deleted)]);
    });

    it.each([
      ['the first page', 0],
      ['a later page', 1],
    ])('is told what has left its filter, and is altered again before %s is read', async (_which, page) => {
      const ids = range(1, 20).map(String);
      for (const id of ids) await harness.ledger.write(create(id, { text: 'x'.repeat(200) }));
      await harness.ledger.write(write('a', 'replace', { kind: 'shape' }));
      await harness.follow();
      const since = page === 0 ? 27 : 7;
      let read = 0;
      harness.watched.before = async (method) => {
        if (method === 'alterations.newest' && read++ === page) await harness.ledger.write(update('a', { n: 1 }));
      };
      const { sink } = harness.open(since, { compact: true, filter: { kinds: ['note'], ids: ['a', 'b'] } });
      await settled();
      const events = sink.frames.flatMap((frame) => frame.events);
      expect(events).toEqual([{ type: 'atome:left', atomeId: 'a', reason: 'filter', seq: 29 }]);
      expect(sink.lives).toEqual([29]);
      expectUnbroken(sink, since, 29);
    });

    it.each([true, false])('does not change what another gets who shares its view: first %s', async (first) => {
      await harness.follow();
      const view = new RangeView({});
      const one = harness.open(0, { compact: first, view });
      await settled();
      const other = harness.open(0, { compact: !first, view });
      await settled();
      const [compact, whole] = first ? [one, other] : [other, one];
      expect(seqsOf(compact.sink)).toEqual([6, 7]);
      expect(seqsOf(whole.sink)).toEqual(range(1, 7));
    });
  });
});
