import type { Committed } from '../ledger/outcome.js';
import type { LedgerReader } from '../ledger/read/ledger-reader.js';
import type { LedgerReaders } from '../ledger/read/ledger-readers.js';
import type { HeadRow } from '../ledger/rows.js';
import { traced } from '../ledger/traces.js';
import type { AccessRules, ResetReason } from '../protocol/index.js';
import { Entry } from './entry.js';
import type { FairSlots } from '../auth/admission/fair-slots.js';
import type { MemoryRoom } from '../auth/admission/memory-budget.js';
import type { FeedOptions } from './options.js';
import type { PageCache } from './page-cache.js';
import { RecentStates } from './recent-states.js';
import { changesDescendants, Relocations } from './relocations.js';
import { Ring, type RingTally } from './ring.js';

/** What the logs of all tenants share. */
export interface FeedParts {
  readonly ledgers: LedgerReaders;
  readonly options: FeedOptions;
  readonly rules: AccessRules;
  readonly pages: PageCache;
  readonly rings: RingTally;
  /** Is asked after each growth. */
  readonly memory?: MemoryRoom;
  /** For pages of the ledger. */
  readonly slots: Pick<FairSlots, 'use'>;
}

/** Whoever waits for more. */
export interface TailListener {
  /** There is more to read. */
  advanced(): void;
  /** The ledger is not the one that was followed so far. */
  reset(reason: ResetReason): void;
}

/** Whoever keeps what was made of entries, which must not outlive them. Told before the listeners are. */
export interface TailObserver {
  pushed(): void;
  /** Payloads have been erased. */
  erased(): void;
  /** Atomes that inherit may have another access by now. */
  inherited(): void;
  /** Atomes have moved, or other principals may see them: past entries are judged by that. */
  relocated(committed: readonly Committed[]): void;
  reset(): void;
}

/**
 * The end of one tenant's ledger as this node knows it, with the entries just before it in memory. What is committed here
 * is pushed in; what others commit, or what was missed, is read from the ledger.
 */
export class LedgerTail {
  /** Another after every reset. */
  private ring: Ring;
  /** What conditions are judged by, of what is newest. */
  readonly states: RecentStates;
  private readonly listeners = new Set<TailListener>();
  private readonly observers: TailObserver[] = [];
  private knownHead: number;
  /** Where its history begins, as it was seen last. */
  private floor: number | undefined;
  private filling: Promise<void> | undefined;

  constructor(
    readonly tenant: string,
    private head: HeadRow,
    private readonly parts: FeedParts,
  ) {
    this.ring = this.newRing();
    this.states = new RecentStates(parts.options.ringChars / 16, parts.rings);
    this.knownHead = head.seq;
  }

  get epoch(): string {
    return this.head.epoch;
  }

  /** Seq up to which this node has the ledger. */
  get seq(): number {
    return this.head.seq;
  }

  get hash(): string {
    return this.head.hash;
  }

  /** What is in the ledger. */
  get reader(): LedgerReader {
    return this.parts.ledgers.of(this.tenant);
  }

  /** The entries in memory; others after every reset. */
  get recent(): Ring {
    return this.ring;
  }

  observe(observer: TailObserver): void {
    this.observers.push(observer);
  }

  /** @returns the function that ends it. */
  listen(listener: TailListener): () => void {
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
    if (first.alteration.seq === this.seq + 1 && first.prevHash === this.hash) this.take(committed);
    else if (last > this.seq) this.notify(last);
    // already read from the ledger; or the ledger has been replaced by an older copy
    else this.run(this.refresh());
  }

  /**
   * Takes what another node has committed, if it comes next, in its order, and nothing after it is known: of the past one may
   * see what the rights of now say, which only the ledger knows.
   * @returns whether it was taken.
   */
  adopt(committed: readonly Committed[]): boolean {
    let { hash } = this;
    const isChain =
      committed.length > 0 &&
      committed.every((each, at) => {
        const isNext = each.alteration.seq === this.seq + 1 + at && each.prevHash === hash;
        hash = each.hash;
        return isNext;
      });
    if (!isChain || this.knownHead > this.seq) return false;
    this.take(committed);
    return true;
  }

  /** What has come another way meanwhile is here already, and says nothing of where atomes stand by now. */
  private take(committed: readonly Committed[]): void {
    const fresh = committed.filter(({ alteration }) => alteration.seq > this.seq);
    if (fresh.length === 0) return;
    const shown = traced((by) => by.showing(this.tenant, fresh));
    for (const each of fresh) this.push(each);
    this.applyRelocations(fresh);
    this.advanced();
    if (shown) traced(shown);
  }

  /** Takes note that the ledger has reached a seq. */
  notify(seq: number): void {
    if (seq <= this.knownHead && this.knownHead === this.seq) return;
    this.knownHead = Math.max(this.knownHead, seq);
    this.filling ??= this.fill().finally(() => (this.filling = undefined));
    this.run(this.filling);
  }

  /**
   * Refreshes this tail from the ledger's head. One that was read before may spare the reading, but proves no
   * fork: it may be older than our last commit.
   */
  async refresh(before?: HeadRow): Promise<void> {
    const { ring, seq, hash, epoch } = this;
    if (before?.epoch === epoch && before.seq === seq && before.hash === hash) return;
    const seen = await this.reader.head();
    if (ring !== this.ring) return; // reset meanwhile
    if (seen.epoch !== epoch) this.reset(seen, 'epoch');
    else if (seen.seq < seq || (seen.seq === seq && seen.hash !== hash)) this.reset(seen, 'forked');
    else if (seen.seq > this.seq) {
      this.notify(seen.seq);
      await this.filling;
    }
  }

  /** Lets go of the entries in memory: they are in the ledger. */
  forget(): void {
    this.ring.clear();
    this.states.clear();
  }

  /** The chain hash at a seq; undefined where there is none. */
  async hashAt(seq: number): Promise<string | undefined> {
    if (seq === this.seq) return this.hash;
    return this.ring.at(seq)?.hash ?? (await this.reader.hashAt(seq));
  }

  /**
   * Whether what stands behind a cursor is in an archive, and not in memory either.
   * @param isOfNow left out: as it was when a floor was last met. It only rises, and who reads below it is told then.
   */
  async isArchived(since: number, isOfNow = false): Promise<boolean> {
    if (since >= this.seq || this.ring.at(since)) return false;
    return since < (isOfNow ? await this.readFloor() : (this.floor ?? (await this.readFloor())));
  }

  private async readFloor(): Promise<number> {
    const { ring } = this;
    const floor = await this.reader.floorSeq();
    if (ring === this.ring) this.floor = floor;
    return floor;
  }

  private async fill(): Promise<void> {
    const { reader } = this;
    while (this.seq < this.knownHead) {
      const { ring } = this;
      if (await this.readOn(this.knownHead)) continue;
      if (ring !== this.ring) return; // reset meanwhile
      const head = await reader.head();
      const reason = this.seq < (await reader.floorSeq()) ? 'compacted' : 'forked';
      if (ring === this.ring) this.reset(head, head.epoch === this.epoch ? reason : 'epoch');
      return;
    }
  }

  /**
   * Reads what comes next, up to a seq that need not be there.
   * @returns whether something was there that continues what is here.
   */
  async readOn(upTo: number): Promise<boolean> {
    const { options } = this.parts;
    const { ring, seq, hash } = this;
    const content = { chars: options.ringChars / 8, hasPrevious: this.states.users > 0 };
    const committed = await this.reader.page(seq, upTo, content);
    const [first] = committed;
    if (ring !== this.ring || first?.alteration.seq !== seq + 1 || first.prevHash !== hash) return false;
    this.take(committed);
    return true;
  }

  private push(committed: Committed): void {
    const { states } = this;
    // who asks for a condition since it was read finds it in a page
    const hasStates = states.users > 0 && committed.previous !== undefined;
    const entry = new Entry(committed, false, this.parts.rules, hasStates);
    if (hasStates) states.push(entry);
    if (entry.redacts) this.erase(entry.after.id);
    this.ring.push(entry);
    for (const observer of this.observers) observer.pushed();
    this.head = { ...this.head, seq: entry.seq, hash: entry.hash };
    this.knownHead = Math.max(this.knownHead, entry.seq);
  }

  /** What is kept in memory of an erased atome goes too. */
  private erase(atomeId: string): void {
    this.ring.erase(atomeId);
    this.states.erase(atomeId);
    for (const observer of this.observers) observer.erased();
  }

  /** What is still in memory of the past is judged by where its atome has come to stand. */
  private applyRelocations(committed: readonly Committed[]): void {
    const relocations = new Relocations();
    relocations.add(committed);
    if (relocations.size === 0) return;
    if (changesDescendants(committed)) {
      // which these are the ledger knows; those just committed say it themselves
      this.ring.dropDescendants(committed[0]!.alteration.seq);
      for (const observer of this.observers) observer.inherited();
    }
    relocations.apply(this.ring.all);
    for (const observer of this.observers) observer.relocated(committed);
  }

  private reset(head: HeadRow, reason: ResetReason): void {
    this.forget();
    this.ring = this.newRing();
    this.floor = undefined;
    for (const observer of this.observers) observer.reset();
    this.head = head;
    this.knownHead = head.seq;
    for (const listener of [...this.listeners]) listener.reset(reason);
  }

  private newRing(): Ring {
    const { options, rings } = this.parts;
    return new Ring(options.ringEntries, options.ringChars, rings);
  }

  /** Tells the readers of what is new before any of it may be taken out of memory. */
  private advanced(): void {
    for (const listener of this.listeners) listener.advanced();
    this.parts.memory?.hasRoom();
  }

  /** A ledger out of reach costs latency only: the next look, a second later, fills what is missing. */
  private run(work: Promise<void>): void {
    work.catch(() => undefined);
  }
}
