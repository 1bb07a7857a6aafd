import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { create, openLedger, SOMEBODY, TENANT, update, type TestLedger } from '../../test/support/ledger/ledger.js';
import { queryOf } from '../../test/support/ledger/raw-query.js';
import { feedParts } from '../../test/support/feed/feed-parts.js';
import { TestSink } from '../../test/support/feed/sink.js';
import { WatchedStore } from '../../test/support/ledger/watched-store.js';
import type { Committed } from '../ledger/outcome.js';
import type { Mutation } from '../protocol/index.js';
import { openStore } from '../ledger/stores/open-store.js';
import { Feed, type ReadRequest } from './feed.js';
import { DEFAULT_FEED_OPTIONS } from './options.js';

describe('the feed', () => {
  let watched: WatchedStore;
  let ledger: TestLedger;
  /** What another process writes to the same database. */
  let elsewhere: TestLedger;
  let feed: Feed;
  const errors: unknown[] = [];
  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    watched = new WatchedStore(await openStore('sqlite::memory:'));
    ledger = await openLedger(watched.store);
    elsewhere = await openLedger(watched.store);
    feed = new Feed(feedParts(ledger.ledgers), ledger.writer, (error) => errors.push(error));
    feed.start();
    await ledger.write(create('a'));
  });
  afterEach(async () => {
    feed.stop();
    jest.useRealTimers();
    await ledger.close();
    expect(errors.splice(0)).toEqual([]);
  });

  const open = async (since: number, more: Partial<ReadRequest> = {}) => {
    const sink = new TestSink();
    const reader = await feed.open(TENANT, { sink, since, principal: SOMEBODY, form: 'range', ...more });
    return { sink, reader };
  };
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  const second = async (): Promise<void> => {
    jest.advanceTimersByTime(DEFAULT_FEED_OPTIONS.pollMs);
    await settled();
  };

  it('shows what this process commits at once, and what others commit within a second', async () => {
    const { sink, reader } = await open(1);
    reader.pump();
    await ledger.write(update('a', { n: 1 }));
    expect(sink.ranges).toEqual(['1-2: 2']);
    await elsewhere.write(update('a', { n: 2 }));
    expect(sink.ranges).toHaveLength(1);
    await second();
    expect(sink.ranges).toEqual(['1-2: 2', '2-3: 3']);
  });

  it('shows what another node says that it has written, at once', async () => {
    const { sink, reader } = await open(1);
    reader.pump();
    await elsewhere.write(update('a', { n: 1 }));
    feed.hint(TENANT, 2);
    await settled();
    expect(sink.ranges).toEqual(['1-2: 2']);
  });

  it('looks once where many hints are untrue, and shows no more than there is', async () => {
    const { sink, reader } = await open(1);
    reader.pump();
    await settled();
    const asked = watched.calls.length;
    for (let seq = 1; seq < 1_000; seq += 1) feed.hint(TENANT, seq * 1e9);
    feed.hint('another', 5);
    await settled();
    expect(watched.calls.slice(asked)).toEqual(['alterations.page', 'write.open']);
    expect(sink.ranges).toEqual([]);
    await ledger.write(update('a', { n: 1 }));
    expect(sink.ranges).toEqual(['1-2: 2']);
  });

  describe('told what another node has committed', () => {
    /** What another node writes, as it tells it. */
    const writeElsewhere = async (n: number): Promise<Committed> => {
      const outcome = await elsewhere.write(update('a', { n }));
      if (outcome.outcome !== 'applied') throw new Error(outcome.outcome);
      return outcome.committed;
    };
    const tell = (...committed: Committed[]): void => feed.hint(TENANT, committed.at(-1)!.alteration.seq, committed);

    it('shows it without asking the ledger', async () => {
      const { sink, reader } = await open(1);
      reader.pump();
      const [two, three] = [await writeElsewhere(1), await writeElsewhere(2)];
      await settled();
      const asked = watched.calls.length;
      tell(two);
      tell(three);
      expect(sink.ranges).toEqual(['1-2: 2', '2-3: 3']);
      await settled();
      expect(watched.calls.slice(asked)).toEqual([]);
    });

    it.each([
      ['again', [0, 0, 1, 0, 1]],
      ['out of order', [1, 0]],
      ['in part', [1]],
    ])('shows all of it once, in order, where that comes %s', async (_how, order) => {
      const { sink, reader } = await open(1);
      reader.pump();
      const written = [await writeElsewhere(1), await writeElsewhere(2)];
      for (const index of order) {
        tell(written[index]!);
        await settled();
      }
      await second();
      expect(sink.frames.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual([2, 3]);
    });

    it('leaves a right taken away that was given by what is read late', async () => {
      const { sink, reader } = await open(1);
      reader.pump();
      const written = async (access: object): Promise<Committed> => {
        const share = { ...update('a', {}), operation: 'share', changes: { access } } as Mutation;
        const outcome = await elsewhere.write(share);
        if (outcome.outcome !== 'applied') throw new Error(outcome.outcome);
        return outcome.committed;
      };
      // an earlier one that is still in memory
      tell(await writeElsewhere(0));
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      const given = await written({ read: ['bob'], write: [] });
      watched.after = (method) => (method === 'atomes.headers' ? held : undefined);
      feed.hint(TENANT, 3);
      await settled();
      const taken = await written({ read: [], write: [] });
      tell(given);
      tell(taken);
      release();
      await settled();
      const { tail } = await feed.log(TENANT);
      expect([...tail.recent.all].map(({ current }) => current.access)).toEqual(Array(3).fill(taken.atome.access));
      expect(sink.frames.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual([2, 3, 4]);
    });

    it('asks the ledger where what comes together is not in order', async () => {
      const { sink, reader } = await open(1);
      reader.pump();
      const [two, three, four] = [await writeElsewhere(1), await writeElsewhere(2), await writeElsewhere(3)];
      feed.hint(TENANT, 4, [two, four, three]);
      await settled();
      expect(sink.frames.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual([2, 3, 4]);
    });

    it('asks the ledger where that does not continue the chain', async () => {
      const { sink, reader } = await open(1);
      reader.pump();
      const two = await writeElsewhere(1);
      tell({ ...two, prevHash: 'another', atome: { ...two.atome, data: { n: 'untrue' } } });
      await settled();
      expect(sink.frames.flatMap(({ events }) => events)).toMatchObject([{ atome: { data: { n: 1 } } }]);
    });

    it('asks the ledger, and its rights of now, where more is known than has been read', async () => {
      const { sink, reader } = await open(1);
      reader.pump();
      const two = await writeElsewhere(1);
      // this node hears of its own write first
      await ledger.write(update('a', { n: 2 }));
      const asked = watched.calls.length;
      tell(two);
      await settled();
      expect(watched.calls.slice(asked)).toContain('atomes.headers');
      expect(sink.frames.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual([2, 3]);
    });
  });

  it('gives a reader nothing before its first pump', async () => {
    const { sink, reader } = await open(0);
    await ledger.write(update('a', { n: 1 }));
    await second();
    expect(sink.buffers).toEqual([]);
    expect(sink.lives).toEqual([]);
    reader.pump();
    await settled();
    expect(sink.frames.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual([1, 2]);
  });

  it('gives the same bytes to readers with the same filter', async () => {
    const filter = { kinds: ['note'] };
    const all = await Promise.all([open(1, { filter }), open(1, { filter: { ...filter } }), open(1)]);
    all.forEach(({ reader }) => reader.pump());
    await ledger.write(update('a', { n: 1 }));
    const [one, other, unfiltered] = all.map(({ sink }) => sink.buffers[0]);
    expect(other).toBe(one);
    expect(unfiltered).toEqual(one);
    expect(unfiltered).not.toBe(one);
  });

  it('gives a closed reader nothing, and closes twice', async () => {
    const [closed, other] = await Promise.all([open(1), open(1)]);
    closed.reader.pump();
    other.reader.pump();
    feed.close(TENANT, closed.reader);
    feed.close(TENANT, closed.reader);
    await ledger.write(update('a', { n: 1 }));
    expect(closed.sink.buffers).toEqual([]);
    expect(other.sink.ranges).toEqual(['1-2: 2']);
  });

  it('tells every reader when the ledger is another', async () => {
    const readers = await Promise.all([open(1), open(0)]);
    readers.forEach(({ reader }) => reader.pump());
    await queryOf(watched.store)(`UPDATE atome_ledgers SET epoch = 'another'`);
    await second();
    for (const { sink } of readers) expect(sink.resets).toEqual([{ reason: 'epoch', head: 1 }]);
  });

  it('goes on when the ledger was out of reach', async () => {
    const { sink, reader } = await open(1);
    reader.pump();
    await elsewhere.write(update('a', { n: 1 }));
    watched.before = () => {
      throw new Error('no database');
    };
    await second();
    await expect(feed.log('other')).rejects.toThrow('no database');
    expect(errors.splice(0)).toHaveLength(1);
    watched.before = () => undefined;
    expect(await feed.log('other')).toMatchObject({ tail: { seq: 0 } });
    await second();
    expect(sink.ranges).toEqual(['1-2: 2']);
  });

  it('misses nothing that is committed while it opens', async () => {
    let committed: Promise<unknown> | undefined;
    watched.after = (method) => {
      if (method !== 'write.open' || committed) return undefined;
      committed = ledger.write(update('a', { n: 1 }));
      return committed.then(() => undefined);
    };
    expect(await feed.log(TENANT)).toMatchObject({ tail: { seq: 2 } });
  });

  describe('with a log that nobody has asked for in a while', () => {
    const pass = async (): Promise<void> => {
      jest.setSystemTime(Date.now() + DEFAULT_FEED_OPTIONS.unusedLogMs);
      await second();
    };

    it('lets go of it, asks no more about it, and opens it anew', async () => {
      const log = await feed.log(TENANT);
      await second();
      expect(await feed.log(TENANT)).toBe(log);
      await pass();
      watched.calls.length = 0;
      await second();
      expect(watched.calls).toEqual([]);
      await ledger.write(update('a', { n: 1 }));
      const again = await feed.log(TENANT);
      expect(again).not.toBe(log);
      expect(again.tail.seq).toBe(2);
    });

    it('keeps it as long as somebody reads it', async () => {
      const { sink, reader } = await open(1);
      reader.pump();
      await pass();
      await ledger.write(update('a', { n: 1 }));
      expect(sink.ranges).toEqual(['1-2: 2']);
      feed.close(TENANT, reader);
      const log = await feed.log(TENANT);
      await pass();
      expect(await feed.log(TENANT)).not.toBe(log);
    });

    it('keeps it as long as somebody waits for what comes', async () => {
      const log = await feed.log(TENANT);
      const stop = log.tail.listen({ advanced: () => undefined, reset: () => undefined });
      await pass();
      expect(await feed.log(TENANT)).toBe(log);
      stop();
      await pass();
      expect(await feed.log(TENANT)).not.toBe(log);
    });
  });

  it('does nothing once it is stopped', async () => {
    const { sink, reader } = await open(1);
    reader.pump();
    feed.stop();
    await ledger.write(update('a', { n: 1 }));
    await second();
    expect(sink.buffers).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
