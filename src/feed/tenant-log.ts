import type { Committed } from '../ledger/outcome.js';
import type { LedgerReader } from '../ledger/read/ledger-reader.js';
import type { HeadRow } from '../ledger/rows.js';
import { AtomeError, type AccessRules, type Cursor, type ResetReason } from '../protocol/index.js';
import { Batch } from './batch.js';
import { Entry } from './entry.js';
import type { FeedOptions } from './options.js';
import { PageCache, type PageKey } from './page-cache.js';
import { Relocations } from './relocations.js';
import { Ring } from './ring.js';
import { visibilityMask, type Viewer } from './visibility.js';

export interface TenantLogListener {
  /** There is more to read. */
  advanced(): void;
  /** The ledger is not the one that was followed so far. */
  reset(reason: ResetReason): void;
}

/**
 * Where pages end, in seqs: readers who began at different places soon read the same pages, and get the same bytes.
 * 200 clients at one place, 10,000 behind, drift apart as they read: CPU for each event 1/50.
 */
const PAGE_SEQS = 64;
/** ConnectionLimiter at which batches of what is newest are kept: as many as readers may be spread over. */
const MAX_TAIL_BATCHES = 16;

/**
 * One tenant's alterations in one order, for all readers of this node: a ring of recent entries over the
 * ledger. What is committed here is pushed in; what others commit, or what was missed, is read from the
 * ledger. A cursor is a place in it, for replay and live alike.
 */
export class TenantLog {
  /** Another after every reset. */
  private ring: Ring;
  private readonly listeners = new Set<TenantLogListener>();
  /** Pages on their way, for all who wait for them. */
  private readonly fetching = new Map<PageKey, Promise<Batch>>();
  /** Batches from a place to the tail: readers at one place share them. */
  private readonly tailBatches = new Map<number, Batch>();
  /** What has moved since each page that is on its way was asked for. */
  private readonly pendingReads = new Set<Relocations>();
  private knownHead: number;
  /** How often something kept has been erased. */
  private erasures = 0;
  private filling: Promise<void> | undefined;

  constructor(
    readonly tenant: string,
    private head: HeadRow,
    private readonly ledger: LedgerReader,
    private readonly options: FeedOptions,
    private readonly rules: AccessRules,
    private readonly pages = new PageCache(options.pageBytes),
  ) {
    this.ring = this.newRing();
    this.knownHead = head.seq;
  }

  get epoch(): string {
    return this.head.epoch;
  }

  /** Seq up to which this node has the log. */
  get tail(): number {
    return this.head.seq;
  }

  get hash(): string {
    return this.head.hash;
  }

  /** @returns the function that ends it. */
  listen(listener: TenantLogListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** How many listen. */
  get listenerCount(): number {
    return this.listeners.size;
  }

  /** Takes what this node has committed. */
  append(committed: readonly Committed[]): void {
    const [first] = committed;
    if (!first) return;
    const last = committed.at(-1)!.alteration.seq;
    if (first.alteration.seq === this.tail + 1 && first.prevHash === this.hash) {
      for (const each of committed) this.push(each);
      this.applyRelocations(committed);
      this.advanced();
    } else if (last > this.tail) {
      this.notify(last);
    } else {
      // already read from the ledger; or the ledger has been replaced by an older copy
      this.run(this.refresh());
    }
  }

  /** Takes note that the ledger has reached a seq. */
  notify(seq: number): void {
    if (seq <= this.knownHead && this.knownHead === this.tail) return;
    this.knownHead = Math.max(this.knownHead, seq);
    this.filling ??= this.fill().finally(() => (this.filling = undefined));
    this.run(this.filling);
  }

  /**
   * Refreshes this log from the ledger's head. One that was read before may spare the reading, but proves no
   * fork: it may be older than our last commit.
   */
  async refresh(before?: HeadRow): Promise<void> {
    const { ring, tail, hash, epoch } = this;
    if (before?.epoch === epoch && before.seq === tail && before.hash === hash) return;
    const seen = await this.ledger.head(this.tenant);
    if (ring !== this.ring) return; // reset meanwhile
    if (seen.epoch !== epoch) this.reset(seen, 'epoch');
    else if (seen.seq < tail || (seen.seq === tail && seen.hash !== hash)) this.reset(seen, 'forked');
    else if (seen.seq > this.tail) {
      this.notify(seen.seq);
      await this.filling;
    }
  }

  /** Why a reader's cursor cannot be continued; undefined when it can. */
  async check({ epoch, since, hash }: Cursor): Promise<ResetReason | undefined> {
    if (epoch !== undefined && epoch !== this.epoch) return 'epoch';
    if (since === undefined) return undefined;
    // another node may be ahead of this one
    if (since > this.tail) await this.refresh();
    if (since > this.tail) return 'future';
    if (hash === undefined || since === 0) return undefined;
    return (await this.hashAt(since)) === hash ? undefined : 'forked';
  }

  async hashAt(seq: number): Promise<string | undefined> {
    if (seq === this.tail) return this.hash;
    return this.ring.at(seq)?.hash ?? (await this.ledger.hashAt(this.tenant, seq));
  }

  /** The entries behind a place when they are in memory: about as many as a frame takes, at least one. */
  batchFromMemory(after: number): Batch | undefined {
    return this.tailBatches.get(after) ?? this.cachedBatch(after) ?? this.fromRing(after);
  }

  /** The entries behind a place from the ledger; readers at the same place, or near it, share one query. */
  async page(after: number, upTo: number, compact: boolean): Promise<Batch> {
    if (compact) return this.fetch(after, upTo, true);
    const [begin, end] = [beginOf(after), Math.min(beginOf(after) + PAGE_SEQS, upTo)];
    const page = await this.fetch(begin, end, false);
    if (begin === after) return page;
    // a page of large documents ends before its time
    return page.to > after ? page.after(after) : this.fetch(after, end, false);
  }

  /** Lets go of all that was made of entries: they are not to be used again as they were. */
  clearCaches(): void {
    this.pages.drop(this);
    this.tailBatches.clear();
  }

  /** What is left of a page of the ledger. */
  private cachedBatch(after: number): Batch | undefined {
    const page = this.pages.get(this, after);
    if (page) return page;
    const begin = beginOf(after);
    const around = begin === after ? undefined : this.pages.get(this, begin);
    return around && around.to > after ? around.after(after) : undefined;
  }

  private fromRing(after: number): Batch | undefined {
    const { start } = this.ring;
    if (start === undefined || after < start || after >= this.tail) return undefined;
    const entries: Entry[] = [];
    let seq = after + 1;
    for (let size = 0; seq <= this.tail && size < this.options.frameChars; seq += 1) {
      const entry = this.ring.at(seq)!;
      entries.push(entry);
      size += entry.size;
    }
    if (seq > this.tail) return this.cacheTailBatch(after, batchOf(entries));
    // there is more than one frame takes: who reads it has time, and had better meet the others
    const page = batchOf(entries.slice(0, Math.max(beginOf(after + entries.length) - after, 0) || entries.length));
    this.pages.put(this, after, page);
    return page;
  }

  private cacheTailBatch(after: number, batch: Batch): Batch {
    if (this.tailBatches.size >= MAX_TAIL_BATCHES) this.tailBatches.clear();
    this.tailBatches.set(after, batch);
    return batch;
  }

  private fetch(after: number, upTo: number, compact: boolean): Promise<Batch> {
    const key = compact ? `${after}-${upTo}` : after;
    const kept = this.pages.get(this, key);
    if (kept) return Promise.resolve(kept);
    let page = this.fetching.get(key);
    if (!page) {
      page = this.read(key, after, upTo, compact).finally(() => {
        if (this.fetching.get(key) === page) this.fetching.delete(key);
      });
      this.fetching.set(key, page);
    }
    return page;
  }

  /** What somebody may have of a batch. */
  visibilityMask(batch: Batch, viewer: Viewer): string {
    return visibilityMask(batch, viewer, this.rules);
  }

  private async read(key: PageKey, after: number, upTo: number, compact: boolean): Promise<Batch> {
    const relocations = new Relocations();
    this.pendingReads.add(relocations);
    const { erasures, ring } = this;
    const { frameChars: chars } = this.options;
    let entries: Entry[];
    try {
      const committed = await this.ledger.page(this.tenant, after, upTo, { chars, compact });
      if (erasures !== this.erasures) return await this.read(key, after, upTo, compact); // it may hold what is erased now
      entries = committed.map((each) => new Entry(each, compact, this.rules));
      relocations.apply(entries);
    } finally {
      this.pendingReads.delete(relocations);
    }
    if (!compact && entries[0]?.seq !== after + 1) {
      await this.refresh();
      throw new AtomeError('unavailable', `the ledger of "${this.tenant}" has no row ${after + 1}`);
    }
    // only a compact page can be empty: all that was there has newer alterations behind `upTo`
    if (entries.length === 0) return new Batch(entries, upTo, (await this.hashAt(upTo)) ?? '', compact);
    const page = batchOf(entries, compact);
    if (ring === this.ring) this.pages.offer(this, key, page);
    return page;
  }

  /** What is still in memory of the past is judged by where its atome has come to stand. */
  private applyRelocations(committed: readonly Committed[]): void {
    const relocations = new Relocations();
    relocations.add(committed);
    if (relocations.size === 0) return;
    relocations.apply(this.ring.all);
    this.clearCaches();
    for (const page of this.pendingReads) page.add(committed);
  }

  private push(committed: Committed): void {
    const entry = new Entry(committed, false, this.rules);
    if (entry.redacts) this.erase(entry.after.id);
    this.ring.push(entry);
    this.tailBatches.clear();
    this.head = { ...this.head, seq: entry.seq, hash: entry.hash };
    this.knownHead = Math.max(this.knownHead, entry.seq);
  }

  /** What is kept in memory of an erased atome goes too. */
  private erase(atomeId: string): void {
    this.erasures += 1;
    this.ring.erase(atomeId);
    this.clearCaches();
  }

  private async fill(): Promise<void> {
    while (this.tail < this.knownHead) {
      const { ring, tail, hash } = this;
      const committed = await this.ledger.page(this.tenant, tail, this.knownHead, {
        chars: this.options.ringChars / 8,
      });
      if (ring !== this.ring) return; // reset meanwhile
      const [first] = committed;
      if (first?.alteration.seq !== tail + 1 || first.prevHash !== hash) {
        const head = await this.ledger.head(this.tenant);
        if (ring === this.ring) this.reset(head, head.epoch === this.epoch ? 'forked' : 'epoch');
        return;
      }
      // what this node committed meanwhile may be here already
      for (const each of committed) {
        if (each.alteration.seq === this.tail + 1) this.push(each);
      }
      this.applyRelocations(committed);
      this.advanced();
    }
  }

  private reset(head: HeadRow, reason: ResetReason): void {
    this.ring = this.newRing();
    this.fetching.clear();
    this.clearCaches();
    this.head = head;
    this.knownHead = head.seq;
    for (const listener of [...this.listeners]) listener.reset(reason);
  }

  private newRing(): Ring {
    return new Ring(this.options.ringEntries, this.options.ringChars);
  }

  private advanced(): void {
    for (const listener of this.listeners) listener.advanced();
  }

  /** A ledger out of reach costs latency only: the next look, a second later, fills what is missing. */
  private run(work: Promise<void>): void {
    work.catch(() => undefined);
  }
}

function beginOf(seq: number): number {
  return seq - (seq % PAGE_SEQS);
}

function batchOf(entries: readonly Entry[], compact = false): Batch {
  const last = entries.at(-1)!;
  return new Batch(entries, last.seq, last.hash, compact);
}
