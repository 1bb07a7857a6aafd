import { expect } from '@jest/globals';
import { openStore } from '../../../src/ledger/stores/open-store.js';
import { DEFAULT_FEED_OPTIONS } from '../../../src/feed/options.js';
import { FeedReader, type ReaderOptions } from '../../../src/feed/reader.js';
import { openTenantLog, type TenantLog } from '../../../src/feed/tenant-log.js';
import { RangeView } from '../../../src/feed/view.js';
import { OPEN_RULES, type AccessRules, type Filter } from '../../../src/protocol/index.js';
import { openLedger, SOMEBODY, TENANT, update, type TestLedger } from '../ledger/ledger.js';
import { feedParts } from './feed-parts.js';
import { TestSink } from './sink.js';
import { WatchedStore } from '../ledger/watched-store.js';

export const READER_OPTIONS = { ...DEFAULT_FEED_OPTIONS, unsentBytes: 1_000, frameChars: 1_500, idleFrameMs: 10_000 };

/** A ledger, a log that follows it and readers of the log, without a feed around them. */
export class ReaderHarness {
  log!: TenantLog;
  readonly errors: unknown[] = [];
  private readonly readers: FeedReader[] = [];

  private constructor(
    readonly watched: WatchedStore,
    readonly ledger: TestLedger,
    private readonly rules: AccessRules,
  ) {}

  static async start(rules: AccessRules = OPEN_RULES): Promise<ReaderHarness> {
    const watched = new WatchedStore(await openStore('sqlite::memory:'));
    return new ReaderHarness(watched, await openLedger(watched.store, { rules }), rules);
  }

  /** Opens the log where the ledger is; from then on it is told of every commit. */
  async follow(): Promise<void> {
    const { ledgers, reader, writer } = this.ledger;
    const log = openTenantLog(TENANT, await reader.head(), feedParts(ledgers, READER_OPTIONS, this.rules));
    writer.onCommit((_tenant, committed) => log.tail.append(committed));
    log.tail.listen({
      advanced: () => this.readers.forEach((each) => each.wake()),
      reset: (reason) => this.readers.forEach((each) => each.reset(reason)),
    });
    this.log = log;
  }

  open(since: number, more: Partial<ReaderOptions> & { filter?: Filter } = {}) {
    const sink = new TestSink();
    const view = more.view ?? new RangeView(more.filter ?? {});
    const options = { principal: SOMEBODY, log: this.log, sink, since, view, ...more };
    const reader = new FeedReader(options, READER_OPTIONS, (error) => this.errors.push(error));
    this.readers.push(reader);
    reader.pump();
    return { sink, reader };
  }

  /** Updates with the numbers from one to another, all at once. */
  writeAll(from: number, to: number): Promise<unknown> {
    return Promise.all(range(from, to).map((n) => this.ledger.write(update('a', { n }))));
  }

  async close(): Promise<void> {
    await this.ledger.close();
    expect(this.errors).toEqual([]);
  }
}

/** What has been asked of the ledger is answered. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

export function seqsOf(sink: TestSink): number[] {
  return sink.frames.flatMap(({ events }) => events.map(({ seq }) => seq));
}

/** Each frame begins where the one before ended. */
export function expectUnbroken(sink: TestSink, since: number, to: number): void {
  let cursor = since;
  for (const frame of sink.frames) {
    expect(frame.from).toBe(cursor);
    cursor = frame.to;
  }
  expect(cursor).toBe(to);
}
