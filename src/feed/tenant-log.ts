import type { Committed } from '../ledger/outcome.js';
import type { LedgerReader } from '../ledger/reader.js';
import type { HeadRow } from '../ledger/rows.js';
import { AtomeError, type AccessRules, type Cursor, type ResetReason } from '../protocol/index.js';
import { Entry } from './entry.js';
import type { FeedOptions } from './options.js';
import { Moves } from './present.js';
import { Ring } from './ring.js';
import { patternOf, type Viewer } from './verdict.js';

/** Entries behind a place, up to `to`; `hash` is the chain hash there. */
export interface Batch {
  readonly entries: readonly Entry[];
  readonly to: number;
  readonly hash: string;
  /** Only the newest entry of each atome is in it. */
  readonly compact: boolean;
  /** Whether there are readers who may not read all of it. */
  readonly restricted: boolean;
  /** The verdicts on its restricted entries, by the key of who reads. */
  readonly patterns: Map<string, string>;
}

export function batchOf(entries: readonly Entry[], to: number, hash: string, compact: boolean): Batch {
  const restricted = entries.some((entry) => entry.restricted);
  return { entries, to, hash, compact, restricted, patterns: new Map() };
}

export interface TenantLogListener {
  /** There is more to read. */
  advanced(): void;
  /** The ledger is not the one that was followed so far. */
  reset(reason: ResetReason): void;
  /** Payloads have been erased: what was made of entries before is not to be used again. */
  erased?(): void;
}

const KEPT_PAGES = 8;

/**
 * One tenant's alterations in one order, for all readers of this node: a ring of recent entries over the
 * ledger. What is committed here is pushed in; what others commit, or what was missed, is read from the
 * ledger. A cursor is a place in it, for replay and live alike.
 */
export class TenantLog {
  /** Another after every reset. */
  private ring: Ring;
  private readonly listeners = new Set<TenantLogListener>();
  private readonly pages = new Map<string, Promise<Batch>>();
  /** The last batch of recent entries: readers at one place share it. */
  private latest: { readonly after: number; readonly chars: number; readonly batch: Batch } | undefined;
  /** What has moved since each page that is on its way was asked for. */
  private readonly reading = new Set<Moves>();
  private known: number;
  /** How often something kept has been erased. */
  private erasures = 0;
  private filling: Promise<void> | undefined;

  constructor(
    readonly tenant: string,
    private head: HeadRow,
    private readonly ledger: LedgerReader,
    private readonly options: FeedOptions,
    private readonly rules: AccessRules,
  ) {
    this.ring = this.newRing();
    this.known = head.seq;
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

  /** Takes what this node has committed. */
  append(committed: readonly Committed[]): void {
    const [first] = committed;
    if (!first) return;
    const last = committed.at(-1)!.alteration.seq;
    if (first.alteration.seq === this.tail + 1 && first.prevHash === this.hash) {
      for (const each of committed) this.push(each);
      this.moved(committed);
      this.advanced();
    } else if (last > this.tail) {
      this.hear(last);
    } else {
      // already read from the ledger; or the ledger has been replaced by an older copy
      this.run(this.look());
    }
  }

  /** Takes note that the ledger has reached a seq. */
  hear(seq: number): void {
    if (seq <= this.known && this.known === this.tail) return;
    this.known = Math.max(this.known, seq);
    this.filling ??= this.fill().finally(() => (this.filling = undefined));
    this.run(this.filling);
  }

  /**
   * Compares this log with the ledger's head. One that was read before may spare the reading, but proves no
   * fork: it may be older than our last commit.
   */
  async look(before?: HeadRow): Promise<void> {
    const { ring, tail, hash, epoch } = this;
    if (before?.epoch === epoch && before.seq === tail && before.hash === hash) return;
    const seen = await this.ledger.head(this.tenant);
    if (ring !== this.ring) return; // reset meanwhile
    if (seen.epoch !== epoch) this.reset(seen, 'epoch');
    else if (seen.seq < tail || (seen.seq === tail && seen.hash !== hash)) this.reset(seen, 'forked');
    else if (seen.seq > this.tail) {
      this.hear(seen.seq);
      await this.filling;
    }
  }

  /** Why a reader's cursor cannot be continued; undefined when it can. */
  async check({ epoch, since, hash }: Cursor): Promise<ResetReason | undefined> {
    if (epoch !== undefined && epoch !== this.epoch) return 'epoch';
    if (since === undefined) return undefined;
    // another node may be ahead of this one
    if (since > this.tail) await this.look();
    if (since > this.tail) return 'future';
    if (hash === undefined || since === 0) return undefined;
    return (await this.hashAt(since)) === hash ? undefined : 'forked';
  }

  async hashAt(seq: number): Promise<string | undefined> {
    if (seq === this.tail) return this.hash;
    return this.ring.at(seq)?.hash ?? (await this.ledger.hashAt(this.tenant, seq));
  }

  /** The entries behind a place when they are in memory: about `chars` characters of them, at least one. */
  recent(after: number, chars: number): Batch | undefined {
    const { latest } = this;
    if (latest?.after === after && latest.chars === chars) return latest.batch;
    const { start } = this.ring;
    if (start === undefined || after < start || after >= this.tail) return undefined;
    const entries: Entry[] = [];
    for (let seq = after + 1, size = 0; seq <= this.tail && size < chars; seq += 1) {
      const entry = this.ring.at(seq)!;
      entries.push(entry);
      size += entry.size;
    }
    const last = entries.at(-1)!;
    const batch = batchOf(entries, last.seq, last.hash, false);
    this.latest = { after, chars, batch };
    return batch;
  }

  /** The entries behind a place from the ledger; readers at the same place share one query. */
  page(after: number, upTo: number, compact: boolean): Promise<Batch> {
    const key = `${after}-${compact ? upTo : ''}`;
    let page = this.pages.get(key);
    if (!page) {
      page = this.read(after, upTo, compact);
      this.pages.set(key, page);
      page.catch(() => this.pages.delete(key));
      const [oldest] = this.pages.keys();
      if (this.pages.size > KEPT_PAGES) this.pages.delete(oldest!);
    }
    return page;
  }

  /** What somebody may have of a batch. */
  judge(batch: Batch, viewer: Viewer): string {
    return patternOf(batch, viewer, this.rules);
  }

  private async read(after: number, upTo: number, compact: boolean): Promise<Batch> {
    const moves = new Moves();
    this.reading.add(moves);
    const { erasures } = this;
    const { frameChars: chars } = this.options;
    let entries: Entry[];
    try {
      const committed = await this.ledger.page(this.tenant, after, upTo, { chars, compact });
      if (erasures !== this.erasures) return await this.read(after, upTo, compact); // it may hold what is erased now
      entries = committed.map((each) => new Entry(each, compact, this.rules));
      moves.apply(entries);
    } finally {
      this.reading.delete(moves);
    }
    if (!compact && entries[0]?.seq !== after + 1) {
      await this.look();
      throw new AtomeError('unavailable', `the ledger of "${this.tenant}" has no row ${after + 1}`);
    }
    const last = entries.at(-1);
    if (last) return batchOf(entries, last.seq, last.hash, compact);
    // only a compact page can be empty: all that was there has newer alterations behind `upTo`
    return batchOf(entries, upTo, (await this.hashAt(upTo)) ?? '', compact);
  }

  /** What is still in memory of the past is judged by where its atome has come to stand. */
  private moved(committed: readonly Committed[]): void {
    const moves = new Moves();
    moves.add(committed);
    if (moves.size === 0) return;
    moves.apply(this.ring.all);
    this.pages.clear();
    this.latest = undefined;
    for (const page of this.reading) page.add(committed);
  }

  private push(committed: Committed): void {
    const entry = new Entry(committed, false, this.rules);
    if (entry.redacts) this.erase(entry.after.id);
    this.ring.push(entry);
    this.latest = undefined;
    this.head = { ...this.head, seq: entry.seq, hash: entry.hash };
    this.known = Math.max(this.known, entry.seq);
  }

  /** What is kept in memory of an erased atome goes too. */
  private erase(atomeId: string): void {
    this.erasures += 1;
    this.ring.erase(atomeId);
    this.pages.clear();
    for (const listener of this.listeners) listener.erased?.();
  }

  private async fill(): Promise<void> {
    while (this.tail < this.known) {
      const { ring, tail, hash } = this;
      const committed = await this.ledger.page(this.tenant, tail, this.known, { chars: this.options.ringChars / 8 });
      if (ring !== this.ring) return; // reset meanwhile
      const [first] = committed;
      if (first?.alteration.seq !== tail + 1 || first.prevHash !== hash) {
        const head = await this.ledger.head(this.tenant);
        if (ring === this.ring) this.reset(head, 'forked');
        return;
      }
      // what this node committed meanwhile may be here already
      for (const each of committed) {
        if (each.alteration.seq === this.tail + 1) this.push(each);
      }
      this.moved(committed);
      this.advanced();
    }
  }

  private reset(head: HeadRow, reason: ResetReason): void {
    this.ring = this.newRing();
    this.pages.clear();
    this.latest = undefined;
    this.head = head;
    this.known = head.seq;
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
