import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReadRequest } from '../../src/feed/feed.js';
import { TENANT } from '../support/ledger/ledger.js';
import { parseCondition, type Filter } from '../../src/protocol/index.js';
import { countMade, FeedHarness } from '../support/feed/feed-harness.js';

const FORMS: readonly (readonly [string, ReadRequest['form']])[] = [
  ['range', 'range'],
  ['plain', { plainOf: 'client' }],
  ['server-sent events', 'sse'],
];
const EVENTS = 50;

let harness: FeedHarness;
beforeEach(async () => {
  harness = await FeedHarness.start();
});
afterEach(async () => {
  await harness.close();
  expect(harness.errors).toEqual([]);
});

describe.each(FORMS)('the cost of fan-out to %s readers', (_name, form) => {
  it('is one encoding for each event, however many read', async () => {
    const sinks = await harness.open(100, form);
    const { events } = await countMade(() => harness.burst(EVENTS, 'a'));
    expect(sinks.every(({ buffers }) => buffers.length > 0)).toBe(true);
    expect(events).toBeLessThanOrEqual(EVENTS);
  });

  it('is the same buffers and bytes for one reader as for two hundred', async () => {
    await harness.open(1, form);
    await harness.burst(EVENTS, 'warm');
    const one = await countMade(() => harness.burst(EVENTS, 'aa'));
    await harness.open(199, form);
    const many = await countMade(() => harness.burst(EVENTS, 'bb'));
    expect(many.buffers).toBe(one.buffers);
    // seqs and hashes take more or fewer digits
    expect(Math.abs(many.bytes - one.bytes)).toBeLessThan(EVENTS * 8);
  });

  it('is one write for each reader and group, of one shared buffer', async () => {
    const sinks = await harness.open(100, form);
    await harness.burst(EVENTS, 'a');
    expect(new Set(sinks.map(({ buffers }) => buffers.length))).toEqual(new Set([1]));
    expect(new Set(sinks.map(({ buffers }) => buffers[0])).size).toBe(1);
  });

  it('is nothing that reads the ledger', async () => {
    await harness.open(100, form);
    await harness.burst(EVENTS, 'first');
    harness.watched.calls.length = 0;
    await harness.burst(EVENTS, 'a');
    expect(harness.watched.calls.filter((call) => call !== 'write.commit')).toEqual([]);
  });
});

describe('the cost of a condition', () => {
  const conditionOf = (at: number): Filter => ({ where: parseCondition({ id: { startsWith: 'a' }, version: at }) });

  it('is nothing that reads the ledger, and one buffer for all who have the same', async () => {
    const sinks = await harness.open(100, 'range', undefined, conditionOf(1));
    await harness.burst(EVENTS, 'first');
    harness.watched.calls.length = 0;
    await harness.burst(EVENTS, 'a');
    expect(harness.watched.calls.filter((call) => call !== 'write.commit')).toEqual([]);
    expect(new Set(sinks.map(({ buffers }) => buffers[0])).size).toBe(1);
    expect(sinks[0]!.frames.flatMap(({ events }) => events)).toHaveLength(EVENTS);
  });

  it('is bounded for a principal and for a tenant, and no other readers are refused for it', async () => {
    const ids = (from: number): string[] => Array.from({ length: 100 }, (_, n) => `a${from}-${n}`);
    const many = (from: number): Filter => ({ where: parseCondition({ id: { in: ids(from) } }) });
    const open = (filter: Filter, id: string) =>
      harness.open(1, 'range', undefined, filter, { id, tenant: TENANT, roles: ['reader'] });
    for (let at = 0; at < 50; at += 1) {
      if (at === 10)
        await expect(open(many(at), 'p0')).rejects.toMatchObject({
          code: 'rate_limited',
          details: { retryAfter: 5_000 },
        });
      await open(many(at), `p${Math.floor(at / 10)}`);
    }
    await expect(open(conditionOf(1), 'p9')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(
        'all different conditions that your tenant follows may come to 5000 comparisons',
      ),
    });
    await open(many(1), 'p9');
    await open({}, 'p0');
    harness.closeReaders();
    await open(conditionOf(1), 'p0');
  });
});

describe('the cost of fan-out to readers of every kind at once', () => {
  it('is one encoding for each event', async () => {
    for (const [, form] of FORMS) await harness.open(5, form);
    const { events } = await countMade(() => harness.burst(EVENTS, 'a'));
    expect(events).toBeLessThanOrEqual(EVENTS);
  });
});
