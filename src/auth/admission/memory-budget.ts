import { getHeapStatistics } from 'node:v8';

/** Something that takes memory for what callers ask, or have asked. */
export interface MemoryHolder {
  /** What it is, in a few words. */
  readonly name: string;
  /** About how many bytes it takes now. */
  readonly bytes: number;
  /** Lets go of about so many bytes, the coldest first; left out where nothing can be spared. */
  shed?(bytes: number): void;
}

/** Whether there is room for more. */
export type MemoryRoom = Pick<MemoryBudget, 'hasRoom'>;

/**
 * A third of what the heap may have: a character may take two bytes, a value that is not text yet more, and the rest of the
 * program has to live, too.
 */
export function defaultMemoryBudget(): number {
  return Math.floor(getHeapStatistics().heap_size_limit / 3);
}

/**
 * The one owner of all memory that grows with what callers ask, of all tenants together. Where it is full, what can be read
 * again is let go of first; what cannot is asked for anew later, by those who are refused.
 */
export class MemoryBudget {
  private readonly all: MemoryHolder[] = [];

  /** @param limit how many bytes may be held. */
  constructor(readonly limit: number) {}

  register(holder: MemoryHolder): void {
    this.all.push(holder);
  }

  /** Those who hold memory, in the order in which they are asked to let go of it. */
  get holders(): readonly MemoryHolder[] {
    return this.all;
  }

  /** How many bytes are held. */
  get bytes(): number {
    let bytes = 0;
    for (const holder of this.all) bytes += holder.bytes;
    return bytes;
  }

  /** Whether more may be held; where too much is, some of it is shed first. */
  hasRoom(): boolean {
    const { limit } = this;
    if (this.bytes <= limit) return true;
    // a little more than must be, so that the next who ask need not do it again
    const target = limit - limit / 16;
    for (const holder of this.all) {
      const excess = this.bytes - target;
      if (excess <= 0) break;
      holder.shed?.(excess);
    }
    return this.bytes <= limit;
  }

  /** Why somebody is refused, for the log. */
  get excess(): string {
    return `more than ${this.limit} bytes are held in all (MEMORY_BUDGET)`;
  }
}
