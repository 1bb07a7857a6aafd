import type { Committed } from '../ledger/outcome.js';
import type { HeadRow } from '../ledger/rows.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { Filter, Principal } from '../protocol/index.js';
import { HintedLook } from './hinted-look.js';
import type { FeedParts } from './ledger-tail.js';
import type { MemoryHolder } from '../auth/admission/memory-budget.js';
import { FeedReader, type Sink } from './reader.js';
import { openTenantLog, type TenantLog } from './tenant-log.js';
import { PlainView, RangeView, SseView, type View } from './view.js';

/** What a reader wants: where to begin, what to see, and in which form. */
export interface ReadRequest {
  readonly sink: Sink;
  /** Who reads. */
  readonly principal: Principal;
  readonly since: number;
  readonly filter?: Filter;
  readonly compact?: boolean;
  readonly form: 'range' | 'sse' | { readonly plainOf: string };
}

/** Tells what this node commits. */
export type Commits = Pick<LedgerWriter, 'onCommit'>;

/** A view, who uses it, and what ends what it needs. */
interface SharedView {
  readonly view: View;
  users: number;
  readonly end?: () => void;
}

interface Channel {
  readonly log: TenantLog;
  readonly readers: Set<FeedReader>;
  /** By key, so that readers with equal filters share their frames. */
  readonly views: Map<string, SharedView>;
  readonly hinted: HintedLook;
  /** When somebody asked for it last. */
  usedAt: number;
}

/** All readers of this node, and the logs they read. */
export class Feed implements MemoryHolder {
  readonly name = 'recent alterations and pages of the ledger';
  private readonly channels = new Map<string, Promise<Channel>>();
  private readonly opened = new Map<string, Channel>();
  private timer: NodeJS.Timeout | undefined;
  /** What was made of the newest entries, as it was counted last. */
  private tailBytes = 0;
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly parts: FeedParts,
    private readonly commits: Commits,
    private readonly onError: (error: unknown) => void,
  ) {}

  get bytes(): number {
    const { rings, pages } = this.parts;
    return rings.bytes + pages.size + this.tailBytes;
  }

  /** First what nobody follows, then pages, then the rest: whoever follows a log gets from the ledger what has gone. */
  shed(bytes: number): void {
    const target = Math.max(0, this.bytes - bytes);
    const logs = [...this.opened.values()].sort((one, other) => one.usedAt - other.usedAt);
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
    for (const { readers } of this.opened.values()) yield* readers;
  }

  start(): void {
    this.stop();
    this.stopListening = this.commits.onCommit((tenant, committed) =>
      this.opened.get(tenant)?.log.tail.append(committed),
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
    const channel = this.opened.get(tenant);
    if (!channel || seq <= channel.log.tail.seq) return;
    if (!committed || !channel.log.tail.adopt(committed)) channel.hinted.hint(seq);
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopListening?.();
  }

  async log(tenant: string): Promise<TenantLog> {
    return (await this.channel(tenant)).log;
  }

  /** A reader that gets nothing before its first `pump()`. @throws AtomeError for one condition too many. */
  async open(tenant: string, request: ReadRequest): Promise<FeedReader> {
    const channel = await this.channel(tenant);
    return this.attach(channel, request);
  }

  close(tenant: string, reader: FeedReader): void {
    reader.close();
    const channel = this.opened.get(tenant);
    if (!channel?.readers.delete(reader)) return;
    const shared = channel.views.get(reader.view.key);
    if (!shared || --shared.users > 0) return;
    channel.views.delete(reader.view.key);
    shared.end?.();
  }

  private attach(channel: Channel, request: ReadRequest): FeedReader {
    const { log, readers } = channel;
    const { sink, principal, since, compact = false, form } = request;
    const view = sharedView(channel, request);
    const reader = new FeedReader(
      { log, view, sink, principal, since, compact, ...(typeof form === 'object' && { exceptFrom: form.plainOf }) },
      this.parts.options,
      this.onError,
    );
    readers.add(reader);
    return reader;
  }

  private channel(tenant: string): Promise<Channel> {
    // at once: who waits for it must not find it gone
    const opened = this.opened.get(tenant);
    if (opened) opened.usedAt = Date.now();
    let channel = this.channels.get(tenant);
    if (!channel) {
      channel = this.openChannel(tenant);
      this.channels.set(tenant, channel);
      channel.catch(() => this.channels.delete(tenant));
    }
    return channel;
  }

  private async openChannel(tenant: string): Promise<Channel> {
    const head = await this.parts.ledger.head(tenant);
    const log = openTenantLog(tenant, head, this.parts);
    const channel: Channel = {
      log,
      readers: new Set(),
      views: new Map(),
      hinted: new HintedLook(log.tail),
      usedAt: Date.now(),
    };
    log.tail.listen({
      advanced: () => channel.readers.forEach((reader) => reader.wake()),
      reset: (reason) => [...channel.readers].forEach((reader) => reader.reset(reason)),
    });
    this.opened.set(tenant, channel);
    // what was committed between the reading of the head and here was not pushed
    await log.tail.refresh();
    return channel;
  }

  /** The truth is in the ledger: whatever was not told, this finds. */
  private async tick(): Promise<void> {
    try {
      const tenants = [...this.opened.keys()];
      const heads = tenants.length > 0 ? await this.parts.ledger.heads(tenants) : new Map<string, HeadRow>();
      // one that has no ledger any more gets a new one, and its readers are told
      for (const tenant of tenants) await this.opened.get(tenant)?.log.tail.refresh(heads.get(tenant));
    } catch (error) {
      this.onError(error);
    }
    const now = Date.now();
    for (const { readers } of this.opened.values()) readers.forEach((reader) => reader.tick(now));
    this.closeUnusedLogs(now);
    this.tailBytes = 0;
    for (const { log } of this.opened.values()) this.tailBytes += log.batches.tailBytes;
    this.parts.memory?.hasRoom();
  }

  /** A log that nobody reads costs memory, and a look at its head each second. */
  private closeUnusedLogs(now: number): void {
    for (const [tenant, { log, readers, usedAt }] of this.opened) {
      // the first who listens is the channel itself; others are long polls
      if (readers.size > 0 || log.tail.listenerCount > 1 || now - usedAt < this.parts.options.unusedLogMs) continue;
      this.opened.delete(tenant);
      this.channels.delete(tenant);
      log.batches.release();
      log.tail.forget();
    }
  }
}

/** @throws AtomeError for one condition too many. */
function sharedView({ views, log }: Channel, { form, filter = {}, principal }: ReadRequest): View {
  const made = form === 'range' ? new RangeView(filter) : form === 'sse' ? new SseView(filter) : new PlainView();
  let shared = views.get(made.key);
  if (!shared) {
    shared = {
      view: made,
      users: 0,
      ...(filter.where && { end: hold(log.conditions.take(principal, filter.where), log) }),
    };
    views.set(made.key, shared);
  }
  shared.users += 1;
  return shared.view;
}

/** Has states held until it is called. */
function hold(giveBack: () => void, { tail }: TenantLog): () => void {
  const end = tail.states.want();
  return () => {
    end();
    giveBack();
  };
}
