import type { Batch } from './batch.js';

export type PageKey = number | string;

interface Page {
  readonly batch: Batch;
  readonly owner: object;
  readonly key: PageKey;
  /** Its size as it was counted last: it grows as more classes of readers come by. */
  counted: number;
  /** Where it is among all. */
  index: number;
}

/** Pages that somebody has read, remembered for each owner. */
const REMEMBERED = 4_096;

/** What even an empty page takes. */
const PAGE_BYTES = 1024;

/**
 * Pages of the ledgers of all tenants, with the frames made of them, bounded in bytes. Each owner has keys of its own.
 *
 * When it is full any page may go, not the one that was not asked for longest: readers that follow each other through
 * a ledger would each find gone just what it needs next. So most find most, and those behind catch up with those ahead.
 */
export class PageCache {
  private readonly owners = new Map<object, Map<PageKey, Page>>();
  private readonly all: Page[] = [];
  private readonly offered = new WeakMap<object, Set<PageKey>>();
  private bytes = 0;

  /** @param random from 0 to 1: chooses what goes. */
  constructor(
    private readonly maxBytes: number,
    private readonly random: () => number = Math.random,
  ) {}

  get(owner: object, key: PageKey): Batch | undefined {
    const page = this.owners.get(owner)?.get(key);
    if (!page) return undefined;
    this.count(page);
    return page.batch;
  }

  put(owner: object, key: PageKey, batch: Batch): void {
    const pages = this.owners.get(owner) ?? new Map<PageKey, Page>();
    const before = pages.get(key);
    if (before) this.remove(before);
    this.owners.set(owner, pages);
    const page = { batch, owner, key, counted: 0, index: this.all.length };
    pages.set(key, page);
    this.all.push(page);
    this.count(page);
  }

  /**
   * Keeps a page that has been offered before. What one reader alone goes through is not worth keeping, and costs most:
   * it lives just long enough for the collector to take it for something that stays.
   */
  offer(owner: object, key: PageKey, batch: Batch): void {
    const offered = this.offered.get(owner) ?? new Set<PageKey>();
    if (offered.has(key)) return this.put(owner, key, batch);
    if (offered.size >= REMEMBERED) offered.clear();
    this.offered.set(owner, offered.add(key));
  }

  /** About how many bytes are kept. */
  get size(): number {
    return this.bytes;
  }

  /** Lets go of about so many bytes. */
  shed(bytes: number): void {
    this.shrink(Math.max(0, this.bytes - bytes));
  }

  /** Lets go of all that an owner has here. */
  drop(owner: object): void {
    for (const page of this.owners.get(owner)?.values() ?? []) this.remove(page);
  }

  private count(page: Page): void {
    const size = page.batch.size + PAGE_BYTES;
    this.bytes += size - page.counted;
    page.counted = size;
    this.shrink(this.maxBytes);
  }

  private shrink(bytes: number): void {
    while (this.bytes > bytes) this.remove(this.all[Math.floor(this.random() * this.all.length)]!);
  }

  private remove({ owner, key, counted, index }: Page): void {
    const pages = this.owners.get(owner)!;
    pages.delete(key);
    if (pages.size === 0) this.owners.delete(owner);
    this.bytes -= counted;
    // the last takes its place
    const last = this.all.pop()!;
    if (last.index === index) return;
    this.all[index] = last;
    last.index = index;
  }
}
