import type { Entry } from './entry.js';

/** How much the rings of all tenants hold. */
export interface RingTally {
  /** About how many bytes. */
  bytes: number;
}

/** The most recent entries of a log, without gaps, bounded in number and characters. */
export class Ring {
  private readonly entries: Entry[] = [];
  private chars = 0;

  constructor(
    private readonly maxEntries: number,
    private readonly maxChars: number,
    private readonly tally: RingTally = { bytes: 0 },
  ) {}

  /** Seq behind which everything is here; undefined when it is empty. */
  get start(): number | undefined {
    return this.entries[0] && this.entries[0].seq - 1;
  }

  get all(): Iterable<Entry> {
    return this.entries;
  }

  at(seq: number): Entry | undefined {
    const [first] = this.entries;
    return first && this.entries[seq - first.seq];
  }

  push(entry: Entry): void {
    this.entries.push(entry);
    this.add(entry.size);
    if (this.entries.length > this.maxEntries || this.chars > this.maxChars) this.trim();
  }

  /** Lets go of the payloads of one atome; its entries keep their places. */
  erase(atomeId: string): void {
    for (const entry of this.entries) if (entry.after.id === atomeId) entry.erase();
  }

  /** Lets go of everything. What comes then is kept again. */
  clear(): void {
    this.entries.length = 0;
    this.add(-this.chars);
  }

  private add(chars: number): void {
    this.chars += chars;
    this.tally.bytes += chars;
  }

  /** Drops all up to the last atome that inherits among the entries before a seq. */
  dropDescendants(before: number): void {
    let drop = Math.min(before - (this.start ?? before) - 1, this.entries.length);
    while (drop > 0 && this.entries[drop - 1]!.current.access !== 'inherit') drop -= 1;
    for (const { size } of this.entries.splice(0, Math.max(drop, 0))) this.add(-size);
  }

  /** Drops an eighth at once, so that the cost of moving the rest is spread over many pushes. */
  private trim(): void {
    let drop = 0;
    const [entries, chars] = [this.maxEntries * 0.875, this.maxChars * 0.875];
    while (drop < this.entries.length && (this.entries.length - drop > entries || this.chars > chars)) {
      this.add(-this.entries[drop]!.size);
      drop += 1;
    }
    this.entries.splice(0, drop);
  }
}
