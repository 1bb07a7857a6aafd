import type { Entry } from './entry.js';
import type { RingTally } from './ring.js';

/** Enough for who reads on while others write. */
const MAX_ENTRIES = 256;

/** The states of the newest entries, held while somebody asks for a condition; bounded in entries and characters. */
export class RecentStates {
  private readonly held: Entry[] = [];
  private chars = 0;
  private wanted = 0;

  constructor(
    private readonly maxChars: number,
    private readonly tally: RingTally,
  ) {}

  /** How many ask. */
  get users(): number {
    return this.wanted;
  }

  /** @returns what says that they are wanted no longer; may be called twice. */
  want(): () => void {
    let isWanted = true;
    this.wanted += 1;
    return () => {
      if (!isWanted) return;
      isWanted = false;
      this.wanted -= 1;
      if (this.wanted === 0) this.clear();
    };
  }

  push(entry: Entry): void {
    this.held.push(entry);
    this.add(entry.statesSize);
    while (this.held.length > 1 && (this.held.length > MAX_ENTRIES || this.chars > this.maxChars)) this.drop();
  }

  /** What is held of an erased atome goes, too. */
  erase(atomeId: string): void {
    for (const entry of this.held) if (entry.after.id === atomeId) entry.states = null;
  }

  clear(): void {
    while (this.held.length > 0) this.drop();
  }

  private drop(): void {
    const entry = this.held.shift()!;
    this.add(-entry.statesSize);
    entry.states = undefined;
  }

  private add(chars: number): void {
    this.chars += chars;
    this.tally.bytes += chars;
  }
}
