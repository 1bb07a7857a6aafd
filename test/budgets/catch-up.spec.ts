import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { countMade, FeedHarness } from '../support/feed/feed-harness.js';
import type { TestSink } from '../support/feed/sink.js';

const [GROUPS, EVENTS] = [4, 100];

describe('the cost of catching up', () => {
  let harness: FeedHarness;
  beforeEach(async () => {
    harness = await FeedHarness.start();
    // before any reader has opened the log: it has to come from the ledger
    for (let group = 0; group < GROUPS; group += 1) await harness.burst(EVENTS, `old-${group}`);
    harness.watched.calls.length = 0;
  });
  afterEach(async () => {
    await harness.close();
    expect(harness.errors).toEqual([]);
  });

  it('is one query and one encoding for all that are at the same place', async () => {
    const alone = await countMade(async () => {
      await harness.open(1, 'range', 0);
    });
    const pages = harness.watched.count('alterations.page');
    harness.watched.calls.length = 0;
    const together = await countMade(async () => {
      const sinks = await harness.open(50, 'range', 0);
      const seqs = sinks.map(({ frames }) => frames.flatMap(({ events }) => events).length);
      expect(new Set(seqs)).toEqual(new Set([GROUPS * EVENTS]));
      expect(new Set(sinks.flatMap(({ buffers }) => buffers)).size).toBe(sinks[0]!.buffers.length);
    });
    expect(pages).toBeGreaterThan(0);
    expect(harness.watched.count('alterations.page')).toBeLessThanOrEqual(pages);
    expect(together.events).toBeLessThanOrEqual(alone.events);
  });

  it('is shared by all that are near each other, soon after', async () => {
    const readers = 40;
    const opened: TestSink[] = [];
    const made = await countMade(async () => {
      for (let index = 0; index < readers; index += 1) opened.push(...(await harness.open(1, 'range', 3 * index)));
    });
    for (const [index, { frames }] of opened.entries()) {
      expect(frames[0]!.from).toBe(3 * index);
      frames.slice(1).forEach(({ from }, next) => expect(from).toBe(frames[next]!.to));
      expect(frames.at(-1)!.to).toBe(GROUPS * EVENTS);
    }
    // the first of them is alone; with the second, each page is read and encoded for all that follow
    const pages = Math.ceil((GROUPS * EVENTS) / 64) + 1;
    expect(harness.watched.count('alterations.page')).toBeLessThanOrEqual(2 * pages);
    expect(made.events).toBeLessThanOrEqual(2 * GROUPS * EVENTS);
    expect(new Set(opened.flatMap(({ buffers }) => buffers.slice(1))).size).toBeLessThanOrEqual(2 * pages);
  });

  it('is a few frames, not one for each event', async () => {
    const [sink] = await harness.open(1, 'range', 0);
    const chars = sink!.buffers.reduce((sum, { length }) => sum + length, 0);
    expect(sink!.buffers.length).toBeLessThanOrEqual(Math.ceil(chars / 16_384) + 1);
  });
});
