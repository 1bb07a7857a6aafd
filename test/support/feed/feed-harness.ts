import { jest } from '@jest/globals';
import { Feed, type ReadRequest } from '../../../src/feed/feed.js';
import type { FeedReader } from '../../../src/feed/reader.js';
import { openStore } from '../../../src/ledger/stores/open-store.js';
import { create, openLedger, SOMEBODY, TENANT, type TestLedger } from '../ledger/ledger.js';
import { feedParts } from './feed-parts.js';
import { settled } from './reader-harness.js';
import { TestSink } from './sink.js';
import type { Filter } from '../../../src/protocol/index.js';
import { WatchedStore } from '../ledger/watched-store.js';

/** A feed over a ledger in memory, whose work is counted. */
export class FeedHarness {
  readonly errors: unknown[] = [];
  private readonly feed: Feed;
  private readonly readers: FeedReader[] = [];

  private constructor(
    readonly watched: WatchedStore,
    readonly ledger: TestLedger,
  ) {
    this.feed = new Feed(feedParts(ledger.ledgers), ledger.writer, (error) => this.errors.push(error));
  }

  static async start(): Promise<FeedHarness> {
    const watched = new WatchedStore(await openStore('sqlite::memory:'));
    const harness = new FeedHarness(watched, await openLedger(watched.store));
    harness.feed.start();
    return harness;
  }

  /** Live readers of one class, or such as are behind. */
  async open(
    count: number,
    form: ReadRequest['form'],
    since?: number,
    filter: Filter = {},
    principal = SOMEBODY,
  ): Promise<TestSink[]> {
    const from = since ?? (await this.feed.log(TENANT)).tail.seq;
    const sinks: TestSink[] = [];
    for (let index = 0; index < count; index += 1) {
      const sink = new TestSink();
      // each plain reader is a client of its own
      const own = typeof form === 'object' ? { plainOf: `${form.plainOf}-${index}` } : form;
      const reader = await this.feed.open(TENANT, { principal, sink, since: from, filter, form: own });
      reader.pump();
      this.readers.push(reader);
      sinks.push(sink);
    }
    await settled();
    return sinks;
  }

  /** One group of creates, delivered. */
  async burst(count: number, name: string): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, index) => this.ledger.write(create(`${name}-${index}`))));
    await settled();
  }

  closeReaders(): void {
    for (const reader of this.readers.splice(0)) this.feed.close(TENANT, reader);
  }

  async close(): Promise<void> {
    this.feed.stop();
    await this.ledger.close();
  }
}

/** What was made of events and buffers while something ran. */
export interface Made {
  /** How often an event was turned into JSON. */
  readonly events: number;
  readonly buffers: number;
  readonly bytes: number;
}

/** Counts encodings and allocations at their source. */
export async function countMade(work: () => Promise<void>): Promise<Made> {
  const stringify = jest.spyOn(JSON, 'stringify');
  const buffers = (['allocUnsafe', 'alloc', 'from', 'concat'] as const).map((name) => jest.spyOn(Buffer, name));
  try {
    await work();
    const isEvent = (value: unknown): boolean =>
      typeof value === 'object' && value !== null && String((value as { type?: unknown }).type).startsWith('atome:');
    const made = buffers.flatMap(({ mock }) => mock.results.map(({ value }) => value as Buffer));
    return {
      events: stringify.mock.calls.filter(([value]) => isEvent(value)).length,
      buffers: made.length,
      bytes: made.reduce((sum, { length }) => sum + length, 0),
    };
  } finally {
    [stringify, ...buffers].forEach((spy) => spy.mockRestore());
  }
}
