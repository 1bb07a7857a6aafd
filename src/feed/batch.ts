import type { Entry } from './entry.js';

/** A batch as it is written for one class of readers; no bytes where it holds nothing for them. */
interface Encoded {
  readonly from: number;
  readonly mask: string;
  readonly bytes: Buffer | undefined;
}

/** Encodings kept for each class: readers of one class at one place may differ in what they have seen before. */
const MAX_ENCODINGS = 8;

/** That a page holds only the newest entry of each atome. */
export interface CompactPage {
  /** Its own among all. */
  readonly serial: number;
  /** Whether nothing was behind it when it was read. */
  readonly isLast: boolean;
}

/**
 * A replay of only the newest entry of each atome. An atome that is altered meanwhile moves behind the page that it would
 * have been in. So each page is read after the one before it, and the last one up to the head: no atome slips through that
 * has left a filter, or a reader's rights, in between.
 */
export interface CompactReplay {
  /** The cursor behind which it begins. */
  readonly since: number;
  /** What its first page has to reach. */
  readonly upTo: number;
  /** Serial of the page before. */
  readonly previous?: number;
}

/** What is left of a replay after a page; undefined when that was its last. */
export function replayAfter({ since, upTo }: CompactReplay, { compact }: Batch): CompactReplay | undefined {
  return compact && !compact.isLast ? { since, upTo, previous: compact.serial } : undefined;
}

/**
 * Entries behind a place, up to `to`; `hash` is the chain hash there. What is made of them lives as long as they do:
 * whoever lets go of a batch lets go of its bytes too.
 */
export class Batch {
  /** Whether there are readers who may not read all of it. */
  readonly restricted: boolean;
  /** The verdicts on its restricted entries, by the key of who reads. */
  readonly visibilityMasks = new Map<string, string>();
  private readonly encoded = new Map<object, Encoded[]>();
  private readonly parts = new Map<number, Batch>();
  private entriesSize: number | undefined;
  private encodedSize = 0;
  private senders: Set<string | null> | undefined;

  constructor(
    readonly entries: readonly Entry[],
    readonly to: number,
    readonly hash: string,
    readonly compact?: CompactPage,
  ) {
    this.restricted = entries.some((entry) => entry.restricted);
  }

  /** About how many bytes it takes, with all that has been made of it. */
  get size(): number {
    // asked of what is kept, each time that something is made of it
    this.entriesSize ??= this.entries.reduce((sum, { size, states }) => sum + size * (states ? 3 : 1), 0);
    return this.entriesSize + this.madeSize;
  }

  /** The same without its entries, which its parts share with it. */
  get madeSize(): number {
    let size = this.encodedSize;
    for (const part of this.parts.values()) size += part.madeSize;
    return size;
  }

  /** Whether conditions can be judged by it. */
  get hasStates(): boolean {
    return this.entries.every(({ states }) => states !== undefined);
  }

  /** Whether a client has written some of it. */
  isFrom(clientId: string): boolean {
    // asked by every plain reader, so found out once
    this.senders ??= new Set(this.entries.map(({ sourceClient }) => sourceClient));
    return this.senders.has(clientId);
  }

  /** The rest of it for who stands inside it; the same for all who stand there. */
  after(after: number): Batch {
    let part = this.parts.get(after);
    if (!part) {
      const rest = this.entries.filter(({ seq }) => seq > after);
      part = new Batch(rest, this.to, this.hash, this.compact);
      this.parts.set(after, part);
    }
    return part;
  }

  /** What has been made of it for a class of readers. */
  encodedFor(view: object, from: number, mask: string): Encoded | undefined {
    const kept = this.encoded.get(view);
    if (kept) for (const each of kept) if (each.mask === mask && (each.from === from || !each.bytes)) return each;
    return undefined;
  }

  keepEncoded(view: object, encoded: Encoded): void {
    const kept = this.encoded.get(view) ?? [];
    this.encoded.set(view, kept);
    kept.push(encoded);
    this.encodedSize += sizeOf(encoded);
    if (kept.length > MAX_ENCODINGS) this.encodedSize -= sizeOf(kept.shift()!);
  }
}

function sizeOf({ bytes }: Encoded): number {
  return bytes?.length ?? 0;
}
