import type { Committed } from '../ledger/outcome.js';
import type { HeadRow } from '../ledger/rows.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { Channels, type Channel } from './channels.js';
import type { FeedParts } from './ledger-tail.js';
import type { MemoryHolder } from '../auth/admission/memory-budget.js';
import { FeedReader, type Sink } from './reader.js';
import type { ViewRequest } from './shared-views.js';
import type { TenantLog } from './tenant-log.js';

/** What a reader wants: where to begin, what to see, and in which form. */
export interface ReadRequest extends ViewRequest {
  readonly sink: Sink;
  readonly since: number;
  readonly compact?: boolean;
}

/** Tells what this node commits. */
export type Commits = Pick<LedgerWriter, 'onCommit'>;

/** All readers of this node, and the logs they read. */
export class Feed implements MemoryHolder {
  readonly name = 'recent alterations and pages of the ledger';
  private readonly channels: Channels;
  private timer: NodeJS.Timeout | undefined;
  /** What was made of the newest entries, as it was counted last. */
  private tailBytes = 0;
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly parts: FeedParts,
    private readonly commits: Commits,
    private readonly onError: (error: unknown) => void,
  ) {
    this.channels = new Channels(parts);
  }

  get bytes(): number {
    const { rings, pages } = this.parts;
    return rings.bytes + pages.size + this.tailBytes;
  }

  /** First what nobody follows, then pages, then the rest: whoever follows a log gets from the ledger what has gone. */
  shed(bytes: number): void {
    const target = Math.max(0, this.bytes - bytes);
    const logs = [...this.channels.all.values()].sort((one, other) => one.usedAt - other.usedAt);
    const forget = (isFollowed: boolean): void => {
      for (const channel of logs) {
        if (this.bytes <= target) return;
        if (channel.readers.size > 0 === isFollowed) this.forget(channel);
      }
    };
    forget(false);
    this.parts.pages.shed(Math.max(0, this.bytes - target));
    forget(true);
  }

  private forget({ log: { tail, batches } }: Channel): void {
    this.tailBytes -= Math.min(this.tailBytes, batches.tailBytes);
    batches.release();
    tail.forget();
  }

  /** All who read now. */
  *readers(): Generator<FeedReader> {
    for (const { readers } of this.channels.all.values()) yield* readers;
  }

  start(): void {
    this.stop();
    this.stopListening = this.commits.onCommit((tenant, committed) =>
      this.channels.get(tenant)?.log.tail.append(committed),
    );
    this.lookEvery(this.parts.options.pollMs);
  }

  /** Looks at the heads of its ledgers by itself, so often. */
  lookEvery(ms: number): void {
    clearInterval(this.timer);
    this.timer = setInterval(() => void this.tick(), ms);
  }

  /**
   * Another node says that a ledger has reached a seq: it may be untrue.
   * @param committed what it has added, where it told that, too.
   */
  hint(tenant: string, seq: number, committed?: readonly Committed[]): void {
    const channel = this.channels.get(tenant);
    if (!channel || seq <= channel.log.tail.seq) return;
    if (!committed || !channel.log.tail.adopt(committed)) channel.hinted.hint(seq);
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopListening?.();
  }

  async log(tenant: string): Promise<TenantLog> {
    return (await this.channels.open(tenant)).log;
  }

  /** A reader that gets nothing before its first `pump()`. @throws AtomeError for one condition too many. */
  async open(tenant: string, request: ReadRequest): Promise<FeedReader> {
    const channel = await this.channels.open(tenant);
    return this.attach(channel, request);
  }

  close(tenant: string, reader: FeedReader): void {
    reader.close();
    const channel = this.channels.get(tenant);
    if (!channel?.readers.delete(reader)) return;
    channel.views.giveBack(reader.view);
  }

  private attach(channel: Channel, request: ReadRequest): FeedReader {
    const { log, readers } = channel;
    const { sink, principal, since, compact = false, form } = request;
    const view = channel.views.take(request);
    const reader = new FeedReader(
      { log, view, sink, principal, since, compact, ...(typeof form === 'object' && { exceptFrom: form.plainOf }) },
      this.parts.options,
      this.onError,
    );
    readers.add(reader);
    return reader;
  }

  /** The truth is in the ledger: whatever was not told, this finds. */
  private async tick(): Promise<void> {
    try {
      const tenants = [...this.channels.all.keys()];
      const heads = tenants.length > 0 ? await this.parts.ledgers.heads(tenants) : new Map<string, HeadRow>();
      // one that has no ledger any more gets a new one, and its readers are told
      for (const tenant of tenants) await this.channels.get(tenant)?.log.tail.refresh(heads.get(tenant));
    } catch (error) {
      this.onError(error);
    }
    const now = Date.now();
    for (const { readers } of this.channels.all.values()) readers.forEach((reader) => reader.tick(now));
    this.closeUnusedLogs(now);
    this.tailBytes = 0;
    for (const { log } of this.channels.all.values()) this.tailBytes += log.batches.tailBytes;
    this.parts.memory?.hasRoom();
  }

  /** A log that nobody reads costs memory, and a look at its head each second. */
  private closeUnusedLogs(now: number): void {
    for (const [tenant, { log, readers, usedAt }] of this.channels.all) {
      // the first who listens is the channel itself; others are long polls
      if (readers.size > 0 || log.tail.listenerCount > 1 || now - usedAt < this.parts.options.unusedLogMs) continue;
      this.channels.close(tenant);
      log.batches.release();
      log.tail.forget();
    }
  }
}
