import { TokenBucket } from './token-bucket.js';

/** Buckets above which those that are full again are forgotten. */
const MANY = 1_024;

/** A bucket of tokens for each name, which all allow the same. */
export class TokenBuckets {
  private readonly buckets = new Map<string, TokenBucket>();
  private forgetAt = MANY;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {}

  /** @param now milliseconds, on the clock that the bucket is asked by. */
  of(name: string, now: number): TokenBucket {
    let bucket = this.buckets.get(name);
    if (!bucket) {
      if (this.buckets.size >= this.forgetAt) this.forgetFull(now);
      bucket = new TokenBucket(this.perSecond, this.burst, now);
      this.buckets.set(name, bucket);
    }
    return bucket;
  }

  /** A full bucket allows what a new one does. */
  private forgetFull(now: number): void {
    for (const [name, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(name);
    // where most are in use, not each new name may cost a walk over all
    this.forgetAt = Math.max(MANY, 2 * this.buckets.size);
  }
}
