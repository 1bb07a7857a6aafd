import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { by, create, update } from '../../test/support/ledger/ledger.js';
import {
  expectUnbroken,
  range,
  READER_OPTIONS,
  ReaderHarness,
  seqsOf,
  settled,
} from '../../test/support/feed/reader-harness.js';
import { PlainView } from './view.js';

describe('a reader', () => {
  let harness: ReaderHarness;
  beforeEach(async () => {
    harness = await ReaderHarness.start();
  });
  afterEach(() => harness.close());

  it('at the head is live at once, and gets what comes', async () => {
    await harness.ledger.write(create('a'));
    await harness.follow();
    const { sink } = harness.open(1);
    expect(sink.lives).toEqual([1]);
    await harness.ledger.write(update('a', { n: 1 }));
    await harness.ledger.write(update('a', { n: 2 }));
    expect(sink.ranges).toEqual(['1-2: 2', '2-3: 3']);
    expect(sink.frames[0]).toMatchObject({
      type: 'events',
      hash: await harness.ledger.reader.hashAt(2),
      events: [{ type: 'atome:altered', atomeId: 'a', seq: 2, atome: { data: { n: 1 } }, opId: null }],
    });
  });

  it('replays from the ledger, then from memory, and goes live once', async () => {
    await harness.ledger.write(create('a'));
    await harness.writeAll(2, 20);
    await harness.follow();
    await harness.writeAll(21, 30);
    const { sink } = harness.open(3);
    expect(sink.lives).toEqual([]);
    await harness.writeAll(31, 40);
    await settled();
    await harness.writeAll(41, 45);
    expect(seqsOf(sink)).toEqual(range(4, 45));
    expectUnbroken(sink, 3, 45);
    expect(sink.lives).toHaveLength(1);
    expect(sink.frames.length).toBeGreaterThan(5);
  });

  it('is given no more than it takes, and goes on where it stood', async () => {
    await harness.ledger.write(create('a'));
    await harness.follow();
    const { sink, reader } = harness.open(1);
    sink.block();
    await harness.writeAll(2, 60);
    await settled();
    expect(sink.unsent).toBeGreaterThanOrEqual(READER_OPTIONS.unsentBytes);
    expect(sink.unsent).toBeLessThan(READER_OPTIONS.unsentBytes + 2 * READER_OPTIONS.frameChars);
    const given = sink.buffers.length;
    reader.pump();
    reader.tick(0);
    expect(sink.buffers).toHaveLength(given);
    sink.flow();
    reader.pump();
    await settled();
    expect(seqsOf(sink)).toEqual(range(2, 60));
    expectUnbroken(sink, 1, 60);
  });

  it('tries again at the next tick when the ledger is out of reach', async () => {
    await harness.ledger.write(create('a'));
    await harness.follow();
    const fault = new Error('no database');
    harness.watched.before = (method) => {
      if (method === 'alterations.page') throw fault;
    };
    const { sink, reader } = harness.open(0);
    await settled();
    expect(harness.errors.splice(0)).toEqual([fault]);
    harness.watched.before = () => undefined;
    reader.tick(0);
    await settled();
    expect(sink.ranges).toEqual(['0-1: 1']);
    expect(sink.lives).toEqual([1]);
  });

  describe('that is plain', () => {
    it('gets one event a frame, and none of its own', async () => {
      await harness.follow();
      const view = new PlainView();
      const [mine, other] = ['me', 'other'].map((exceptFrom) => harness.open(0, { view, exceptFrom }).sink);
      await Promise.all([
        harness.ledger.write(create('a'), by('somebody', 'me')),
        harness.ledger.write(create('b'), by('x')),
      ]);
      await harness.ledger.write(update('a', { n: 1 }), by('somebody', 'me'));
      expect(mine!.events.map(({ type, seq }) => `${type} ${seq}`)).toEqual(['atome:created 2']);
      expect(other!.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    });
  });

  it('gets nothing once it is closed', async () => {
    await harness.ledger.write(create('a'));
    await harness.follow();
    const { sink, reader } = harness.open(0);
    reader.close();
    await settled();
    await harness.ledger.write(update('a', { n: 1 }));
    expect(sink.buffers).toEqual([]);
    expect(sink.lives).toEqual([]);
  });

  it('is told when the ledger is another', async () => {
    await harness.follow();
    const { sink, reader } = harness.open(0);
    reader.reset('epoch');
    expect(sink.resets).toEqual([{ reason: 'epoch', head: 0 }]);
  });
});
