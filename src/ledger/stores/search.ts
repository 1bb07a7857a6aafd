/* How searches use an index that follows the ledger. */

/** What an index has found of a text. All that it has not found is behind `upTo`, or without the text. */
export interface Found {
  /** Where those that may have the text stood, as a JSON array of seqs. */
  readonly seqs: string;
  readonly count: number;
  /** How far the index has followed the ledger, */
  readonly upTo: number;
  /** which had this hash there. */
  readonly hash: string;
}

/** An index of texts that follows the ledgers. */
export interface SearchIndex {
  readonly following: Following;
  /** What it has of a text; undefined where it is of no help. */
  find(tenant: string, words: string): Promise<Found | undefined>;
}

/** Of a text that more atomes have, a page is filled soon by walking over all. */
export const MAX_FOUND = 10_000;
/** PostgreSQL hands 64-bit integers over as text. */
export type FoundRow = Pick<Found, 'seqs' | 'hash'> & { readonly upTo: number | string };

/** As an index tells it; undefined when it has found too many to look them up one by one. */
export function foundOf(row: FoundRow): Found | undefined {
  const { length } = JSON.parse(row.seqs) as unknown[];
  return length > MAX_FOUND ? undefined : { ...row, upTo: Number(row.upTo), count: length };
}

/** Whether fewer are looked up than a walk in order would pass until it has found so many rows. */
export function isShorter({ count, upTo }: Pick<Found, 'count' | 'upTo'>, rows: number): boolean {
  return count * count <= upTo * rows;
}

/** So many of a text's trigrams find about as few atomes as all of them. */
const MAX_TRIGRAMS = 32;

/** How the text of a search stands in `data`, which is JSON, in lower case. */
export function asInJson(words: string): string {
  return JSON.stringify(words.toLowerCase()).slice(1, -1);
}

/** The trigrams of a text, without doubles; none of one that is too short. */
export function trigramsOf(text: string): string[] {
  const chars = Array.from(text);
  const trigrams = new Set<string>();
  for (let at = 0; at + 3 <= chars.length && trigrams.size < MAX_TRIGRAMS; at += 1) {
    trigrams.add(chars.slice(at, at + 3).join(''));
  }
  return [...trigrams];
}

/** So few alterations are looked through as quickly as they are found by an index. */
export const NOT_WORTH = 500;

/** Has an index follow the ledgers when they have grown by enough, one run at a time. */
export class Following {
  private grownBy = 0;
  private running: Promise<void> | undefined;

  constructor(
    private readonly follow: () => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** To be told of what is written. @param count of alterations. */
  grown(count: number): void {
    this.grownBy += count;
    if (this.grownBy >= NOT_WORTH) this.begin();
  }

  begin(): void {
    if (this.running) return;
    this.grownBy = 0;
    this.running = this.follow()
      .catch(this.onError)
      .finally(() => (this.running = undefined));
  }

  /** Resolves when the run under way has ended. */
  async done(): Promise<void> {
    await this.running;
  }

  /** Resolves when the index has followed all that was there before. */
  async caughtUp(): Promise<void> {
    await this.done();
    this.begin();
    await this.done();
  }
}
