import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { create, SOMEBODY, update } from '../../test/support/ledger/ledger.js';
import { ReaderHarness, settled } from '../../test/support/feed/reader-harness.js';
import type { AtomeEvent } from '../protocol/index.js';
import { parseCondition } from '../protocol/query/parse-condition.js';
import { readChanges, type ChangesPage, type ChangesRequest } from './changes.js';

describe('asking for changes', () => {
  let harness: ReaderHarness;
  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    harness = await ReaderHarness.start();
    await harness.ledger.write(create('a'));
    await harness.ledger.write(create('b'));
    await harness.writeAll(3, 6);
    await harness.follow();
  });
  afterEach(async () => {
    jest.useRealTimers();
    await harness.close();
  });

  const ask = (request: Partial<ChangesRequest> = {}): Promise<ChangesPage> => {
    const { signal } = new AbortController();
    const all = {
      principal: SOMEBODY,
      rights: 'r',
      cursor: { since: 0 },
      filter: {},
      compact: false,
      limit: 100,
      waitMs: 0,
      signal,
      ...request,
    };
    return readChanges(harness.log, all);
  };
  const summary = ({ from, to, head, events }: ChangesPage): string => {
    const seqs = events.map((event) => (JSON.parse(event) as AtomeEvent).seq);
    return `${from}-${to} of ${head}: ${seqs.join()}`;
  };

  it.each<[Partial<ChangesRequest>, string]>([
    [{}, '0-6 of 6: 1,2,3,4,5,6'],
    [{ cursor: { since: 4 } }, '4-6 of 6: 5,6'],
    [{ cursor: {} }, '6-6 of 6: '],
    [{ limit: 2 }, '0-2 of 6: 1,2'],
    [{ limit: 1, filter: { ids: ['b'] } }, '0-6 of 6: 2'],
    [{ limit: 1, filter: { ids: ['a'] } }, '0-2 of 6: 1'],
    [{ filter: { ids: ['c'] } }, '0-6 of 6: '],
    [{ compact: true }, '0-6 of 6: 2,6'],
  ])('%j gets a page', async (request, expected) => {
    const page = await ask(request);
    expect(summary(page)).toBe(expected);
    expect(page.epoch).toBe(harness.log.tail.epoch);
    expect(page.hash).toBe(await harness.log.tail.hashAt(page.to));
  });

  it('takes from the budget of conditions as long as it waits with one, and is refused where that is used up', async () => {
    const { conditions } = harness.log;
    const where = parseCondition({ or: Array.from({ length: 100 }, () => ({ 'data.t': { contains: 'x' } })) });
    const waiting = { cursor: { since: 6 }, filter: { where }, waitMs: 1_000 };
    const first = ask(waiting);
    await settled();
    await expect(ask(waiting)).rejects.toMatchObject({ code: 'rate_limited', details: { retryAfter: 5_000 } });
    expect(() => conditions.take(SOMEBODY, parseCondition({ kind: 'note' }))).toThrow('1000 comparisons');
    // what need not wait is judged once
    expect((await ask({ filter: { where } })).events).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect((await first).events).toEqual([]);
    conditions.take(SOMEBODY, where)();
  });

  it('leads from page to page without a gap', async () => {
    const seqs: number[] = [];
    for (let since = 0; since < 6;) {
      const { from, to, events } = await ask({ cursor: { since }, limit: 2 });
      expect(from).toBe(since);
      seqs.push(...events.map((event) => (JSON.parse(event) as AtomeEvent).seq));
      since = to;
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('waits for the first that may be seen', async () => {
    const page = ask({ cursor: { since: 6 }, filter: { ids: ['b'] }, waitMs: 60_000 });
    await settled();
    await harness.ledger.write(update('a', { n: 7 }));
    await settled();
    await harness.ledger.write(update('b', { n: 8 }));
    expect(summary(await page)).toBe('6-8 of 8: 8');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not miss what comes just before it waits', async () => {
    const { tail } = harness.log;
    const hashAt = tail.hashAt.bind(tail);
    jest.spyOn(tail, 'hashAt').mockImplementationOnce(async (seq) => {
      await harness.ledger.write(update('b', { n: 7 }));
      return hashAt(seq);
    });
    expect(summary(await ask({ cursor: { since: 6 }, waitMs: 60_000 }))).toBe('6-7 of 7: 7');
  });

  it('waits on where the ledger grew, while it was read, by what is not shown', async () => {
    const { batches } = harness.log;
    const batchAfter = batches.batchAfter.bind(batches);
    jest.spyOn(batches, 'batchAfter').mockImplementationOnce(async (...asked) => {
      const batch = await batchAfter(...asked);
      await harness.ledger.write(update('a', { n: 8 }));
      return batch;
    });
    await harness.ledger.write(update('a', { n: 7 }));
    const page = ask({ cursor: { since: 6 }, filter: { ids: ['b'] }, waitMs: 60_000 });
    await settled();
    await harness.ledger.write(update('b', { n: 9 }));
    expect(summary(await page)).toBe('6-9 of 9: 9');
  });

  it('waits no longer than asked, and moves the cursor all the same', async () => {
    const page = ask({ cursor: { since: 6 }, filter: { ids: ['b'] }, waitMs: 60_000 });
    await harness.ledger.write(update('a', { n: 7 }));
    await settled();
    jest.advanceTimersByTime(60_000);
    expect(summary(await page)).toBe('6-7 of 7: ');
  });

  it('waits no longer than the asker', async () => {
    const asker = new AbortController();
    const page = ask({ cursor: { since: 6 }, waitMs: 60_000, signal: asker.signal });
    await settled();
    asker.abort();
    expect(summary(await page)).toBe('6-6 of 6: ');
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([
    [{ epoch: 'other', since: 1 }, 'epoch'],
    [{ since: 7 }, 'future'],
    [{ since: 1, hash: 'other' }, 'forked'],
  ])('is refused with the cursor %j', async (cursor, reason) => {
    await expect(ask({ cursor })).rejects.toMatchObject({
      code: 'reset',
      details: { reason, epoch: harness.log.tail.epoch, head: 6 },
    });
  });
});
