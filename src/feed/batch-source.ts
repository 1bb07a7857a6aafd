import type { Committed } from '../ledger/outcome.js';
import { askerOf } from '../auth/admission/read-slots.js';
import { AtomeError, type Principal } from '../protocol/index.js';
import { Reset } from './reset.js';
import { Batch, type CompactPage, type CompactReplay } from './batch.js';
import { Entry } from './entry.js';
import type { FeedParts, LedgerTail, TailObserver } from './ledger-tail.js';
import type { PageKey } from './page-cache.js';
import { Relocations } from './relocations.js';

/**
 * Where pages end, in seqs: readers who began at different places soon read the same pages, and get the same bytes.
 * Without it, clients that are equally far behind drift apart as they read, and share nothing.
 */
const PAGE_SEQS = 64;
/** Cursors for which batches of what is newest are kept: as many as readers may be spread over. */
const MAX_TAIL_BATCHES = 16;

/** Who wants a page of the ledger. */
export interface PageWanter {
  /** Whether the page is still wanted. */
  readonly isWaiting: boolean;
  readonly principal: Principal;
  /** Whether it judges by a condition. */
  readonly needsStates?: boolean;
}

/** Their number is bounded as that of connections is, and a client that has waited for long has still to wait. */
const PATIENT = { isPatient: true };

/** A page on its way, and who waits for it. */
interface PendingPage {
  readonly page: Promise<Batch>;
  readonly wanters: PageWanter[];
}

/** What is read of the ledger. */
interface PageRange {
  readonly after: number;
  readonly upTo: number;
  /** Only the newest entry of each atome, up to the head. */
  readonly replay?: CompactReplay | undefined;
  /** With what conditions are judged by. */
  readonly hasStates: boolean;
}

/**
 * The entries behind any cursor of one tenant, for replay and live alike: from memory, or else from the ledger. Readers at
 * the same place share batches, queries, and the frames made of them.
 */
export class BatchSource implements TailObserver {
  private readonly fetching = new Map<PageKey, PendingPage>();
  /** Batches from a place to the tail: readers at one place share them. */
  private readonly tailBatches = new Map<number, Batch>();
  /** What has moved since each page that is on its way was asked for. */
  private readonly pendingReads = new Set<Relocations>();
  /** How often something kept has been erased. */
  private erasures = 0;
  /** How often what atomes inherit may have changed. */
  private inheritances = 0;
  private compactPages = 0;

  constructor(
    private readonly tail: LedgerTail,
    private readonly parts: FeedParts,
  ) {
    tail.observe(this);
  }

  /**
   * The entries behind a cursor, about as many as a frame takes and at least one; a promise where they have to be read.
   * @param wanter who is charged with the reading.
   * @param replay only the newest entry of each atome is wanted.
   */
  batchAfter(after: number, wanter: PageWanter, replay?: CompactReplay): Batch | Promise<Batch> {
    const { needsStates: hasStates = false } = wanter;
    if (replay) return this.fetch({ after, upTo: replay.upTo, replay, hasStates }, wanter);
    const near = this.tailBatches.get(after) ?? this.cachedBatch(after, hasStates) ?? this.fromRing(after, hasStates);
    return near && (!hasStates || near.hasStates) ? near : this.page(after, wanter, hasStates);
  }

  /** About how many bytes have been made of what is newest. */
  get tailBytes(): number {
    let bytes = 0;
    for (const batch of this.tailBatches.values()) bytes += batch.madeSize;
    return bytes;
  }

  pushed(): void {
    this.tailBatches.clear();
  }

  erased(): void {
    this.erasures += 1;
    this.release();
  }

  inherited(): void {
    this.inheritances += 1;
    this.release();
  }

  relocated(committed: readonly Committed[]): void {
    this.release();
    for (const page of this.pendingReads) page.add(committed);
  }

  reset(): void {
    this.fetching.clear();
    this.release();
  }

  /** Lets go of all that was made of entries: they are not to be used again as they were. */
  release(): void {
    this.parts.pages.drop(this);
    this.tailBatches.clear();
  }

  /** What is left of a page of the ledger. */
  private cachedBatch(after: number, hasStates: boolean): Batch | undefined {
    const { pages } = this.parts;
    const page = pages.get(this, pageKey(after, hasStates));
    if (page) return page;
    const begin = beginOf(after);
    const around = begin === after ? undefined : pages.get(this, pageKey(begin, hasStates));
    return around && around.to > after ? around.after(after) : undefined;
  }

  private fromRing(after: number, hasStates: boolean): Batch | undefined {
    const { recent, seq: last } = this.tail;
    const { start } = recent;
    if (start === undefined || after < start || after >= last) return undefined;
    const entries: Entry[] = [];
    let seq = after + 1;
    for (let size = 0; seq <= last && size < this.parts.options.frameChars; seq += 1) {
      const entry = recent.at(seq)!;
      entries.push(entry);
      size += entry.size;
    }
    if (seq > last) return this.cacheTailBatch(after, batchOf(entries));
    // there is more than one frame takes: who reads it has time, and had better meet the others
    const page = batchOf(entries.slice(0, Math.max(beginOf(after + entries.length) - after, 0) || entries.length));
    this.parts.pages.put(this, pageKey(after, hasStates), page);
    return page;
  }

  private cacheTailBatch(after: number, batch: Batch): Batch {
    if (this.tailBatches.size >= MAX_TAIL_BATCHES) this.tailBatches.clear();
    this.tailBatches.set(after, batch);
    return batch;
  }

  private async page(after: number, wanter: PageWanter, hasStates: boolean): Promise<Batch> {
    const begin = beginOf(after);
    const upTo = Math.min(begin + PAGE_SEQS, this.tail.seq);
    const page = await this.fetch({ after: begin, upTo, hasStates }, wanter).catch((error: unknown) => {
      // the floor may be in the middle of it
      if (error instanceof Reset && begin < after) return undefined;
      throw error;
    });
    if (!page) return this.fetch({ after, upTo, hasStates }, wanter);
    if (begin === after) return page;
    // a page of large documents ends before its time
    return page.to > after ? page.after(after) : this.fetch({ after, upTo, hasStates }, wanter);
  }

  private fetch(range: PageRange, wanter: PageWanter): Promise<Batch> {
    const key = keyOf(range);
    const kept = this.parts.pages.get(this, key);
    if (kept && (!range.hasStates || kept.hasStates)) return Promise.resolve(kept);
    const known = this.fetching.get(key);
    if (known) {
      known.wanters.push(wanter);
      return known.page;
    }
    const wanters = [wanter];
    const page = this.parts.slots
      .use(askerOf(wanter.principal, PATIENT), () => this.readIfWanted(range, wanters))
      .finally(() => {
        if (this.fetching.get(key)?.page === page) this.fetching.delete(key);
      });
    this.fetching.set(key, { page, wanters });
    return page;
  }

  /** Whoever wanted it may have gone while it waited for its slot. */
  private readIfWanted(range: PageRange, wanters: readonly PageWanter[]): Promise<Batch> {
    if (wanters.some(({ isWaiting }) => isWaiting)) return this.read(range);
    return Promise.reject(new AtomeError('unavailable', 'nobody waits for this page any more'));
  }

  private async read(range: PageRange): Promise<Batch> {
    const { tail, erasures, inheritances } = this;
    const { recent } = tail;
    const relocations = new Relocations();
    this.pendingReads.add(relocations);
    let page: Batch;
    try {
      page = range.replay ? await this.compactPage(range, relocations) : await this.wholePage(range, relocations);
    } finally {
      this.pendingReads.delete(relocations);
    }
    // it may hold what is erased now, or judge what inherits by what it had before
    const hasDescendants = page.entries.some(({ current }) => current.access === 'inherit');
    if (erasures !== this.erasures || (hasDescendants && inheritances !== this.inheritances)) return this.read(range);
    if (page.entries.length > 0 && recent === tail.recent) this.parts.pages.offer(this, keyOf(range), page);
    return page;
  }

  private async wholePage(range: PageRange, relocations: Relocations): Promise<Batch> {
    const { options } = this.parts;
    const { tail } = this;
    const { after, upTo } = range;
    const content = { chars: options.frameChars, hasPrevious: range.hasStates, isPast: true };
    const committed = await tail.reader.page(after, upTo, content);
    const entries = this.entriesOf(committed, relocations, range);
    if (entries[0]?.seq === after + 1) return batchOf(entries);
    await tail.refresh();
    if (await tail.isArchived(after, true)) throw new Reset('compacted', tail);
    throw new AtomeError('unavailable', `the ledger of "${tail.tenant}" has no row ${after + 1}`);
  }

  private async compactPage(range: PageRange, relocations: Relocations): Promise<Batch> {
    const { options } = this.parts;
    const { tail } = this;
    const { after } = range;
    const { committed, isLast } = await tail.reader.newestPage(after, { chars: options.frameChars });
    const entries = this.entriesOf(committed, relocations, range);
    const place = { serial: (this.compactPages += 1), isLast };
    const last = entries.at(-1);
    if (!last) return new Batch([], after, (await tail.hashAt(after)) ?? '', place);
    // another node may have written more than is known here
    if (last.seq > tail.seq) await tail.refresh();
    return batchOf(entries, place);
  }

  private entriesOf(
    committed: readonly Committed[],
    relocations: Relocations,
    { replay, hasStates }: PageRange,
  ): Entry[] {
    const { rules } = this.parts;
    const entries = committed.map((each) =>
      replay
        ? new Entry(isNew(each, replay) ? { ...each, before: null } : each, true, rules, hasStates)
        : new Entry(each, false, rules, hasStates),
    );
    relocations.apply(entries);
    return entries;
  }
}

/** Whether nobody who began the replay has had the atome: it came after, and has not been altered while it goes on. */
function isNew({ alteration, createdSeq = 0 }: Committed, { since, upTo }: CompactReplay): boolean {
  return createdSeq > since && alteration.seq <= upTo;
}

function keyOf({ after, upTo, replay, hasStates }: PageRange): PageKey {
  return replay ? `${pageKey(after, hasStates)}-${upTo}-${replay.previous ?? 0}` : pageKey(after, hasStates);
}

/** What conditions are judged by takes room: who has none reads pages without. */
function pageKey(after: number, hasStates: boolean): PageKey {
  return hasStates ? `${after} with states` : after;
}

function beginOf(seq: number): number {
  return seq - (seq % PAGE_SEQS);
}

function batchOf(entries: readonly Entry[], compact?: CompactPage): Batch {
  const last = entries.at(-1)!;
  return new Batch(entries, last.seq, last.hash, compact);
}
